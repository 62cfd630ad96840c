namespace EightByEight;

/// <summary>Which way a search is sorted.</summary>
public enum SortDirection
{
    /// <summary>Smallest first.</summary>
    Ascending,

    /// <summary>Largest first.</summary>
    Descending,
}

/// <summary>A search.</summary>
public sealed record ObjectQuery
{
    /// <summary>Maximum number of records that 8x8 gives in a page.</summary>
    public const int MaxLimit = 100;

    private readonly int _limit = MaxLimit;

    /// <summary>FIQL; <see langword="null"/> for everything. Without a word on <c>objectState</c> 8x8 returns AVAILABLE objects only.</summary>
    public string? Filter { get; init; }

    /// <summary>Where to begin: what the page before gave, or <see langword="null"/>.</summary>
    public string? PageKey { get; init; }

    /// <summary>Maximum number of records in the page, 1–100.</summary>
    public int Limit
    {
        get => _limit;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxLimit);
            _limit = value;
        }
    }

    /// <summary>The field or tag to sort by.</summary>
    public string? SortField { get; init; }

    /// <summary>The direction in which the field is sorted.</summary>
    public SortDirection SortDirection { get; init; }
}
