/*
 * How many columns a row can have. A row lies on one page and may take 8,060 bytes of it; text that does not fit is moved to other pages
 * and leaves 24 bytes behind. https://learn.microsoft.com/sql/relational-databases/pages-and-extents-architecture-guide#large-row-support
 */

const rowBytesMax = 8_060;
/** Status bits, length of the fixed part, number of columns, number of variable columns. */
const headBytes = 4 + 2 + 2;
/** Key (4 + 4 + 8 + 4), version, two times of 8, two list places, shape with its offset. */
const systemBytes = 20 + 4 + 16 + 8 + (6 + 2);
/** Pointer to text on another page, with its entry in the offset array; a decimal takes 17. A bit in the NULL bitmap comes on top. */
const columnBytes = 24 + 2 + 1 / 8;
/** Columns that DSF adds beside others (`…__exact`) are few; these many always fit. */
const companions = 8;
/** What the flatten phase counts as its own: `systemColumns` and `_dsf_rest`. */
const systemColumns = 13;

export const columnsThatFit: number = Math.floor((rowBytesMax - headBytes - systemBytes) / columnBytes) - companions - 1 + systemColumns;
