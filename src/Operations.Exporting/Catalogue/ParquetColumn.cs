using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text;

namespace Operations.Catalogue;

/// <summary>
/// A column of a row group. Rows become a compressed page as soon as they are read, so that a row group takes the memory of its part of the
/// file and not of its objects.
/// <para>
/// The form is the one that every reader of Parquet knows: data pages of version 1, plain or with a dictionary, gzip.
/// </para>
/// </summary>
/// <param name="column">The column.</param>
/// <param name="body">Where a page is made. All columns share it.</param>
/// <param name="packed">Where it is compressed.</param>
internal sealed class ParquetColumn(CatalogueColumn column, ArrayBufferWriter<byte> body, MemoryStream packed)
{
    private const int MaxDictionary = 10_000;
    private const int MaxStatisticBytes = 64;
    private const int Plain = 0;
    private const int RunLength = 3;
    private const int ByDictionary = 8;
    private readonly List<byte[]> _pages = [];
    private readonly Dictionary<string, int> _dictionary = new(StringComparer.Ordinal);
    private readonly SortedSet<int> _encodings = [RunLength];
    private byte[] _scratch = new byte[256];
    private byte[]? _min;
    private byte[]? _max;
    private bool _hasStatistics = true;
    private long _values;
    private long _nulls;
    private long _unpackedBytes;

    /// <summary>The size of the pages so far.</summary>
    public long Bytes { get; private set; }

    private int Type => column.Type switch
    {
        ColumnType.Text => 6,
        ColumnType.Number => 5,
        _ => 2,
    };

    /// <summary>Describes the column in the schema of the file.</summary>
    public void WriteSchema(ThriftWriter thrift)
    {
        thrift.Begin();
        thrift.Int32(1, Type);
        thrift.Int32(3, column.IsRequired ? 0 : 1);
        thrift.Binary(4, Encoding.UTF8.GetBytes(column.Name));
        if (column.Type is ColumnType.Text)
        {
            thrift.Int32(6, 0);
            thrift.Begin(10);
            thrift.Begin(1);
            thrift.End();
            thrift.End();
        }
        else if (column.Type is ColumnType.Time)
        {
            thrift.Int32(6, 9);
            thrift.Begin(10);
            thrift.Begin(8);
            thrift.Bool(1, value: true);
            thrift.Begin(2);
            thrift.Begin(1);
            thrift.End();
            thrift.End();
            thrift.End();
            thrift.End();
        }

        thrift.End();
    }

    /// <summary>Adds a page.</summary>
    public void WritePage(IReadOnlyList<CatalogueRow> rows)
    {
        var values = rows.Select(column.Value).ToArray();
        var present = Array.FindAll(values, value => value is not null);
        _values += values.Length;
        _nulls += values.Length - present.Length;
        body.ResetWrittenCount();
        if (!column.IsRequired)
        {
            var levels = new ArrayBufferWriter<byte>();
            WriteRun(levels, Array.ConvertAll(values, value => value is null ? 0 : 1), width: 1);
            WriteText(levels.WrittenSpan);
        }

        var encoding = Plain;
        if (column.Repeats && FindIndexes(present) is { Length: > 0 } indexes)
        {
            encoding = ByDictionary;
            var width = BitOperations.Log2((uint)Math.Max(1, _dictionary.Count - 1)) + 1;
            body.Write([(byte)width]);
            WriteRun(body, indexes, width);
        }
        else
        {
            foreach (var value in present)
            {
                WritePlain(value!);
            }
        }

        _encodings.Add(encoding);
        _pages.Add(CreatePage(values.Length, encoding));
        Bytes += _pages[^1].Length;
    }

    /// <summary>Writes what the row group has of the column, describes it, and begins the next.</summary>
    /// <param name="file">Where it is written.</param>
    /// <param name="thrift">Where it is described.</param>
    /// <param name="cancellationToken">Stops before a block is staged.</param>
    /// <returns>Its size before it was compressed.</returns>
    public async Task<long> CompleteAsync(StagedFile file, ThriftWriter thrift, CancellationToken cancellationToken)
    {
        var start = file.Length;
        if (_dictionary.Count > 0)
        {
            body.ResetWrittenCount();
            foreach (var (value, _) in _dictionary.OrderBy(pair => pair.Value))
            {
                WritePlain(value);
            }

            await file.WriteAsync(CreatePage(_dictionary.Count, encoding: null), cancellationToken);
        }

        var pages = file.Length;
        foreach (var page in _pages)
        {
            await file.WriteAsync(page, cancellationToken);
        }

        var unpacked = _unpackedBytes;
        Describe(thrift, start, pages, file.Length - start);
        _pages.Clear();
        _dictionary.Clear();
        _encodings.RemoveWhere(encoding => encoding != RunLength);
        (_min, _max, _hasStatistics) = (null, null, true);
        (Bytes, _values, _nulls, _unpackedBytes) = (0, 0, 0, 0);
        return unpacked;
    }

    private void Describe(ThriftWriter thrift, long start, long pages, long bytes)
    {
        thrift.Begin();
        thrift.Int64(2, start);
        thrift.Begin(3);
        thrift.Int32(1, Type);
        thrift.List(2, _encodings);
        thrift.BeginBinaries(3, 1);
        thrift.Bytes(Encoding.UTF8.GetBytes(column.Name));
        thrift.Int32(4, 2);
        thrift.Int64(5, _values);
        thrift.Int64(6, _unpackedBytes);
        thrift.Int64(7, bytes);
        thrift.Int64(9, pages);
        if (pages > start)
        {
            thrift.Int64(11, start);
        }

        thrift.Begin(12);
        thrift.Int64(3, _nulls);
        if (_hasStatistics && _min is not null)
        {
            thrift.Binary(5, _max);
            thrift.Binary(6, _min);
        }

        thrift.End();
        thrift.End();
        thrift.End();
    }

    /// <summary>The places of the values in the dictionary; <see langword="null"/> once there are too many different ones.</summary>
    private int[]? FindIndexes(object?[] values)
    {
        var indexes = new int[values.Length];
        for (var number = 0; number < values.Length; number++)
        {
            var text = (string)values[number]!;
            if (!_dictionary.TryGetValue(text, out indexes[number]))
            {
                if (_dictionary.Count == MaxDictionary)
                {
                    return null;
                }

                indexes[number] = _dictionary.Count;
                _dictionary.Add(text, indexes[number]);
            }
        }

        return indexes;
    }

    /// <summary>Writes small numbers: one run when all are the same, else packed to so many bits each.</summary>
    private static void WriteRun(ArrayBufferWriter<byte> output, ReadOnlySpan<int> values, int width)
    {
        if (!values.ContainsAnyExcept(values[0]))
        {
            ThriftWriter.WriteVariable(output, (ulong)values.Length << 1);
            for (var shift = 0; shift < width; shift += 8)
            {
                output.Write([(byte)(values[0] >> shift)]);
            }

            return;
        }

        var groups = (values.Length + 7) / 8;
        ThriftWriter.WriteVariable(output, ((ulong)groups << 1) | 1);
        var (bits, filled) = (0UL, 0);
        for (var number = 0; number < groups * 8; number++)
        {
            bits |= (number < values.Length ? (ulong)values[number] : 0) << filled;
            for (filled += width; filled >= 8; filled -= 8)
            {
                output.Write([(byte)bits]);
                bits >>= 8;
            }
        }
    }

    private void WritePlain(object value)
    {
        if (value is not string text)
        {
            Span<byte> number = stackalloc byte[8];
            if (value is double real)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(number, real);
            }
            else
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, value is DateTime time ? new DateTimeOffset(time).ToUnixTimeMilliseconds() : (long)value);
            }

            body.Write(number);
            Include(number);
            return;
        }

        var maxBytes = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_scratch.Length < maxBytes)
        {
            _scratch = new byte[maxBytes];
        }

        var bytes = _scratch.AsSpan(0, Encoding.UTF8.GetBytes(text, _scratch));
        WriteText(bytes);
        Include(bytes);
    }

    /// <summary>Writes bytes behind their number.</summary>
    private void WriteText(ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(body.GetSpan(4), bytes.Length);
        body.Advance(4);
        body.Write(bytes);
    }

    private void Include(ReadOnlySpan<byte> value)
    {
        // No reader skips row groups by such long values, and each would be in the footer twice.
        _hasStatistics &= value.Length <= MaxStatisticBytes;
        if (!_hasStatistics)
        {
            return;
        }

        if (_min is null || Compare(value, _min) < 0)
        {
            _min = value.ToArray();
        }

        if (_max is null || Compare(value, _max) > 0)
        {
            _max = value.ToArray();
        }
    }

    private int Compare(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => column.Type switch
    {
        ColumnType.Text => one.SequenceCompareTo(other),
        ColumnType.Number => BinaryPrimitives.ReadDoubleLittleEndian(one).CompareTo(BinaryPrimitives.ReadDoubleLittleEndian(other)),
        _ => BinaryPrimitives.ReadInt64LittleEndian(one).CompareTo(BinaryPrimitives.ReadInt64LittleEndian(other)),
    };

    /// <summary>What the body holds, compressed, behind a header.</summary>
    /// <param name="values">How many values it has, absent ones included.</param>
    /// <param name="encoding">How they are encoded; <see langword="null"/> for a dictionary.</param>
    private byte[] CreatePage(int values, int? encoding)
    {
        packed.SetLength(0);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body.WrittenSpan);
        }

        var header = new ArrayBufferWriter<byte>();
        var thrift = new ThriftWriter(header);
        thrift.Begin();
        thrift.Int32(1, encoding is null ? 2 : 0);
        thrift.Int32(2, body.WrittenCount);
        thrift.Int32(3, (int)packed.Length);
        thrift.Begin(encoding is null ? 7 : 5);
        thrift.Int32(1, values);
        thrift.Int32(2, encoding ?? Plain);
        if (encoding is not null)
        {
            thrift.Int32(3, RunLength);
            thrift.Int32(4, RunLength);
        }

        thrift.End();
        thrift.End();
        _unpackedBytes += header.WrittenCount + body.WrittenCount;
        return [.. header.WrittenSpan, .. packed.GetBuffer().AsSpan(0, (int)packed.Length)];
    }
}
