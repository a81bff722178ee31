import type { QueryCell } from '@dsf/ports';

const decoder = new TextDecoder('utf-8', { fatal: true });

const cellText = (cell: QueryCell): string => {
  if (cell === null) return '';
  if (!(cell instanceof Uint8Array)) return String(cell);
  try {
    return decoder.decode(cell);
  } catch {
    return cell.toBase64();
  }
};

/** A cell as RFC 4180 has it: quoted where it must be. NULL is nothing, the empty text is `""`, so the two are told apart. */
const csvCell = (cell: QueryCell): string => {
  const text = cellText(cell);
  return cell === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line of CSV, without its end. Bytes are text when they are UTF-8, else base64. */
export const csvLine = (cells: readonly QueryCell[]): string => cells.map(csvCell).join();
