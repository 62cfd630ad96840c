namespace EightByEight;

/// <summary>The content of an object, to be read once.</summary>
public sealed class ObjectContent : IAsyncDisposable, IDisposable
{
    private readonly IDisposable? _owner;

    /// <summary>Initializes content.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="length">Content-Length, when there was one.</param>
    /// <param name="contentType">Content-Type, when there was one.</param>
    /// <param name="owner">What is disposed of with it.</param>
    public ObjectContent(Stream stream, long? length, string? contentType, IDisposable? owner = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Stream = stream;
        Length = length;
        ContentType = contentType;
        _owner = owner;
    }

    /// <summary>The bytes as they are sent and as they arrive: coded where <see cref="ContentEncoding"/> says so.</summary>
    public Stream Stream { get; }

    /// <summary>Content-Length, of the bytes as they are sent; <see langword="null"/> when the response had none.</summary>
    public long? Length { get; }

    /// <summary>
    /// Content-Encoding; <see langword="null"/> when the response had none. No coding is asked for, but an object that is
    /// stored coded comes so. See <see cref="ContentCoding"/>.
    /// </summary>
    public string? ContentEncoding { get; init; }

    /// <summary>Content-Type; <see langword="null"/> when the response had none.</summary>
    public string? ContentType { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        _owner?.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _owner?.Dispose();
    }
}
