/** JSON's part of `JSON` that TypeScript does not declare yet. */
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

const bytesValue = (bytes: Uint8Array): unknown => {
  try {
    return decoder.decode(bytes);
  } catch {
    return { base64: bytes.toBase64() };
  }
};

/** Sees what the holder holds, not what the item's own `toJSON` made of it: a Buffer would be a list of numbers by then. */
function replace(this: Readonly<Record<string, unknown>>, name: string, item: unknown): unknown {
  const held = this[name];
  if (held instanceof Uint8Array) return bytesValue(held);
  return typeof item === 'bigint' ? JSON.rawJSON(item.toString()) : item;
}

/** JSON on one line. Integers of any size keep every digit; bytes are text when they are UTF-8, else `{"base64": …}`. */
export const jsonText = (value: unknown): string => JSON.stringify(value, replace);

/** Column names of a result as member names: a name that repeats gets a number, so that no cell is lost. */
export const memberNames = (columns: readonly string[]): readonly string[] => {
  const taken = new Set<string>();
  return columns.map((column) => {
    let name = column;
    for (let number = 2; taken.has(name); number += 1) name = `${column}_${number}`;
    taken.add(name);
    return name;
  });
};
