using System.Buffers;

namespace Operations.Catalogue;

/// <summary>
/// Writes Thrift's compact protocol, in which Parquet describes its pages and files: fields in ascending order of their IDs, each behind
/// the difference to the one before.
/// </summary>
internal sealed class ThriftWriter(ArrayBufferWriter<byte> output)
{
    private const int BinaryType = 8;
    private const int ListType = 9;
    private const int StructType = 12;
    private readonly Stack<int> _outer = [];
    private int _last;

    /// <summary>Writes a number of at most seven bits a byte, the lowest first.</summary>
    public static void WriteVariable(ArrayBufferWriter<byte> output, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            output.Write([(byte)(value | 0x80)]);
        }

        output.Write([(byte)value]);
    }

    public void Bool(int id, bool value) => BeginField(id, value ? 1 : 2);

    public void Int32(int id, int value)
    {
        BeginField(id, 5);
        Integer(value);
    }

    public void Int64(int id, long value)
    {
        BeginField(id, 6);
        Integer(value);
    }

    public void Binary(int id, ReadOnlySpan<byte> value)
    {
        BeginField(id, BinaryType);
        Bytes(value);
    }

    public void List(int id, IReadOnlyCollection<int> values)
    {
        BeginList(id, 5, values.Count);
        foreach (var value in values)
        {
            Integer(value);
        }
    }

    /// <summary>Begins a list of structures, each of which begins and ends with <see cref="Begin()"/> and <see cref="End"/>.</summary>
    public void BeginStructs(int id, int count) => BeginList(id, StructType, count);

    /// <summary>Begins a list of binaries, each written with <see cref="Bytes"/>.</summary>
    public void BeginBinaries(int id, int count) => BeginList(id, BinaryType, count);

    public void Bytes(ReadOnlySpan<byte> value)
    {
        WriteVariable(output, (ulong)value.Length);
        output.Write(value);
    }

    /// <summary>Begins a structure that is a field.</summary>
    public void Begin(int id)
    {
        BeginField(id, StructType);
        Begin();
    }

    /// <summary>Begins a structure that is an element of a list, or the whole.</summary>
    public void Begin()
    {
        _outer.Push(_last);
        _last = 0;
    }

    /// <summary>Ends a structure.</summary>
    public void End()
    {
        output.Write([(byte)0]);
        _last = _outer.Pop();
    }

    private void BeginList(int id, int type, int count)
    {
        BeginField(id, ListType);
        output.Write([(byte)((Math.Min(count, 15) << 4) | type)]);
        if (count >= 15)
        {
            WriteVariable(output, (ulong)count);
        }
    }

    // No field of Parquet is further than 15 from the one before.
    private void BeginField(int id, int type)
    {
        output.Write([(byte)(((id - _last) << 4) | type)]);
        _last = id;
    }

    private void Integer(long value) => WriteVariable(output, (ulong)((value << 1) ^ (value >> 63)));
}
