using System.Globalization;
using System.Text;
using Archiving.Archive;
using Archiving.Model;

namespace Operations.Cases;

/// <summary>
/// The names of files in one folder into which all parts of an export are unpacked. Two names never differ only in case or
/// in the form of their letters, which Windows and macOS take for one; and none is that of another file of the export.
/// </summary>
internal sealed class ExportNames
{
    // Linux has room for 255 bytes (NAME_MAX), and a receipt has its suffix behind the name.
    private const int MaxNameBytes = 230;

    private readonly NameSet _taken = new();

    // Of names that were taken more than once: where to go on counting.
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public ExportNames()
    {
        foreach (var name in (string[])[ExportLayout.ManifestCsv, ExportLayout.ManifestJson, ExportLayout.Checksums])
        {
            _taken.Add(FoldedText.Of(name));
        }
    }

    /// <summary>Takes a name: as it is when it is free, with a number otherwise.</summary>
    /// <param name="name">A name that is safe as a file's.</param>
    public string Take(string name)
    {
        var extension = Path.GetExtension(name);
        var stem = name[..^extension.Length];
        if (stem.Length == 0 || extension.Length > 10)
        {
            (stem, extension) = (name, "");
        }

        // A spreadsheet that opens the manifest takes some first characters for those of a formula.
        stem = stem[0] is '=' or '+' or '-' or '@' ? $"_{stem}" : stem;
        var key = FoldedText.Of(stem + extension);
        for (var number = _numbers.GetValueOrDefault(key, 1); ; number++)
        {
            var suffix = number == 1 ? extension : string.Create(CultureInfo.InvariantCulture, $" ({number}){extension}");
            var candidate = Cut(stem, MaxNameBytes - Encoding.UTF8.GetByteCount(suffix)) + suffix;
            if (TryTake(FoldedText.Of(candidate)))
            {
                if (number > 1)
                {
                    _numbers[key] = number + 1;
                }

                return candidate;
            }
        }
    }

    private bool TryTake(string folded)
    {
        var receipt = ArchiveLayout.ReceiptName(folded);
        if (_taken.Contains(folded) || _taken.Contains(receipt) || ExportLayout.IsPart(folded))
        {
            return false;
        }

        _taken.Add(folded);
        _taken.Add(receipt);
        return true;
    }

    private static string Cut(string text, int maxBytes)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                return text[..length].TrimEnd(' ', '.');
            }

            length += rune.Utf16SequenceLength;
        }

        return text;
    }
}
