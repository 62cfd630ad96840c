using System.Buffers;

namespace EightByEight;

/// <summary>Finds where values begin and end, in text that need not be JSON. No method recurses.</summary>
internal static class TolerantJson
{
    private static readonly SearchValues<byte> BareEnds = SearchValues.Create(" \t\r\n\0,:]}[{\""u8);

    /// <summary>The index of the next byte that is neither white space nor a control character nor a byte order mark.</summary>
    public static int SkipWhiteSpace(ReadOnlySpan<byte> json, int index)
    {
        while (index < json.Length)
        {
            if (json[index] <= ' ')
            {
                index++;
            }
            else if (json[index..] is [0xEF, 0xBB, 0xBF, ..])
            {
                index += 3;
            }
            else
            {
                break;
            }
        }

        return index;
    }

    /// <summary>The index after a string; negative when the text ends before it does.</summary>
    public static int SkipString(ReadOnlySpan<byte> json, int index)
    {
        for (index++; index < json.Length; index++)
        {
            if (json[index] == '"')
            {
                return index + 1;
            }

            if (json[index] == '\\')
            {
                index++;
            }
        }

        return -1;
    }

    /// <summary>The index after a number or word; negative when there is none.</summary>
    public static int SkipBare(ReadOnlySpan<byte> json, int index)
    {
        var length = json[index..].IndexOfAny(BareEnds);
        return length switch
        {
            0 => -1,
            < 0 => json.Length,
            _ => index + length,
        };
    }

    /// <summary>The index after a value of any kind; negative when the text ends before it does, or its brackets do not match.</summary>
    public static int SkipValue(ReadOnlySpan<byte> json, int index)
    {
        if (index >= json.Length)
        {
            return -1;
        }

        if (json[index] is not ((byte)'{' or (byte)'['))
        {
            return json[index] == '"' ? SkipString(json, index) : SkipBare(json, index);
        }

        var open = new Stack<byte>();
        while (index >= 0 && index < json.Length)
        {
            switch (json[index])
            {
                case (byte)'"':
                    index = SkipString(json, index);
                    break;
                case (byte)'{' or (byte)'[':
                    open.Push(json[index++]);
                    break;
                case (byte)'}' or (byte)']':
                    // The brackets of each pair are two apart in ASCII.
                    if (open.Pop() != json[index++] - 2)
                    {
                        return -1;
                    }

                    if (open.Count == 0)
                    {
                        return index;
                    }

                    break;
                default:
                    index++;
                    break;
            }
        }

        return -1;
    }
}
