import Table from 'cli-table3';

/** What a table can show; numbers stand on the right. */
export type TableCell = null | boolean | number | bigint | string | Uint8Array;

const decoder = new TextDecoder('utf-8', { fatal: true });
const hexBytesMax = 32;

const bytesText = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    const hex = bytes.subarray(0, hexBytesMax).toHex();
    return bytes.byteLength > hexBytesMax ? `0x${hex}… (${bytes.byteLength} bytes)` : `0x${hex}`;
  }
};

/** Data may hold anything, also sequences that would move the cursor or recolour the terminal: control characters are shown, not sent. */
export const visible = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });

const cellText = (cell: TableCell): string => {
  if (cell === null) return 'NULL';
  return visible(cell instanceof Uint8Array ? bytesText(cell) : String(cell));
};

/** Decimals come as text, so that no digit is lost. */
const isNumber = (cell: TableCell): boolean =>
  typeof cell === 'number' || typeof cell === 'bigint' || (typeof cell === 'string' && /^-?\d+(\.\d+)?$/.test(cell));

const isNumeric = (cells: readonly TableCell[]): boolean => {
  const present = cells.filter((cell) => cell !== null);
  return present.length > 0 && present.every(isNumber);
};

const nothing = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
};

/** A table in columns, with a rule under its head; ends with a line feed. */
export const tableText = (columns: readonly string[], rows: readonly (readonly TableCell[])[]): string => {
  if (columns.length === 0) return '';
  const table = new Table({
    head: columns.map(visible),
    chars: { ...nothing, mid: '', 'mid-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map((_, index) => (isNumeric(rows.map((row) => row[index] ?? null)) ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => columns.map((_, index) => cellText(row[index] ?? null))));
  const [head = '', ...body] = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const width = Math.max(head.length, ...body.map((line) => line.length));
  return `${[head, '─'.repeat(Math.min(width, 200)), ...body].join('\n')}\n`;
};
