/** Remembers what was compiled for the last key: plans change with the catalog or the schema, never per record. */
export const compileOnce = <Key extends readonly unknown[], Plan>(compile: (...key: Key) => Plan): ((...key: Key) => Plan) => {
  let last: { readonly key: Key; readonly plan: Plan } | null = null;
  return (...key) => {
    if (last === null || key.some((part, index) => part !== last?.key[index])) last = { key, plan: compile(...key) };
    return last.plan;
  };
};
