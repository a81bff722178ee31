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

/** JSON on one line. Integers of any size keep every digit; bytes are text when they are UTF-8, else `{"base64": …}`. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return JSON.rawJSON(item.toString());
    return item instanceof Uint8Array ? bytesValue(item) : item;
  });

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
