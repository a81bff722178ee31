/*
 * Which GRANT is missing, out of the words of SQL Server. https://learn.microsoft.com/sql/relational-databases/security/permissions-database-engine
 */

const roles = 'or make it a member of the role of its phase (deploy/sql/mssql/roles)';

const grantOf = (words: string): string | null => {
  const object = /The (\w+(?: \w+)?) permission was denied on the object '([^']+)', database '[^']*', schema '([^']+)'/i.exec(words);
  if (object !== null) return `GRANT ${object[1]} ON [${object[3]}].[${object[2]}] TO [<user>]`;
  const column = /The (\w+) permission was denied on the column '[^']+' of the object '([^']+)', database '[^']*', schema '([^']+)'/i.exec(
    words,
  );
  if (column !== null) return `GRANT ${column[1]} ON [${column[3]}].[${column[2]}] TO [<user>]`;
  const database = /^(CREATE \w+|\w[\w ]*?) permission (?:was )?denied in database/i.exec(words);
  if (database !== null) return `GRANT ${database[1]} TO [<user>]`;
  const schema = /specified schema name "?([^"]+?)"? (?:either )?does not exist or you do not have permission/i.exec(words);
  if (schema !== null) return `GRANT ALTER ON SCHEMA::[${schema[1]}] TO [<user>]`;
  return null;
};

/** @param number - of the error; 1088 and 15247 name no permission */
export const permissionAdvice = (number: number, words: string): string => {
  const grant = grantOf(words);
  if (grant !== null) return `the login of DSF_MSSQL_USER needs it: ${grant}, ${roles}`;
  return `the login of DSF_MSSQL_USER lacks a permission (error ${number}): give it the one that the message names, ${roles}`;
};
