using System.Collections.Frozen;

namespace Archiving.Ledger;

/// <summary>
/// English words of four letters and more that nearly every call has: they tell no call from another, and would be most of
/// the index. The frequent words of other languages are indexed like any word.
/// </summary>
internal static class FrequentWords
{
    // What is left of words with an apostrophe is in no dictionary. cspell:disable
    private static readonly FrozenSet<string> Words = FrozenSet.Create(
        StringComparer.Ordinal,
        """
        able about actually after again ahead alright also always another anything anyway around away back because been before being best better both
        bring call called calling calls came come comes coming could days dear didn didnt does doesn doesnt doing done dont down each else even ever every
        everything exactly feel find fine first from gave getting give given giving goes going gone gonna good goodbye gotta great guess happen have
        haven havent having hello help here hers hold hope idea into isnt itself just keep kind knew know known last least leave less lets like little
        long look looking looks made make makes making many maybe mean means might mind more most much must name need needs never next nice none nothing
        number okay once only other over part people perfect place please point pretty probably problem question quite really right said same says
        says second seem seems seen send shall should show since some someone something sometimes soon sorry sort speak speaking still stuff
        such sure take takes taking talk talking tell than thank thanks that thats their them then there these they thing things think this those
        though thought three through time times today together told tomorrow took towards tried trying under until upon used using very wait want
        wanted wants wasn wasnt well went were weren what whatever when where whether which while whole will with within without wonderful wont work
        working would wouldn wouldnt yeah year years yesterday your yours yourself youre
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    // cspell:enable

    /// <summary>Whether a folded word is one of them.</summary>
    public static bool Contains(string word) => Words.Contains(word);
}
