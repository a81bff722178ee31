import type { LoginKind } from './login-advice.ts';

/*
 * Which GRANT is missing, out of the words of SQL Server. https://learn.microsoft.com/sql/relational-databases/security/permissions-database-engine
 */

export const roles = 'or make it a member of the role of its phase (deploy/sql/mssql/roles)';

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

/** An identity of Azure has a user of its own name in the database; a user name is a setting with `sql` alone. */
const whose = (login: LoginKind | null): string => {
  if (login === null) return 'the login';
  return login === 'sql' ? 'the login of DSF_MSSQL_USER' : `the database user of the Azure identity (DSF_MSSQL_LOGIN=${login})`;
};

export interface Denied {
  /** Of the error; 1088 and 15247 name no permission. */
  readonly number: number;
  readonly words: string;
}

/** @param login - null where it is not known */
export const permissionAdvice = ({ number, words }: Denied, login: LoginKind | null): string => {
  const grant = grantOf(words);
  if (grant !== null) return `${whose(login)} needs it: ${grant}, ${roles}`;
  return `${whose(login)} lacks a permission (error ${number}): give it the one that the message names, ${roles}`;
};

/** Permission denied, and “cannot find the object … because it does not exist or you do not have permissions”. */
const numbers: ReadonlySet<number> = new Set([
  229, 230, 262, 297, 300, 371, 1088, 2557, 2760, 2797, 3704, 10330, 13538, 15247, 15406, 15517, 33007,
]);

/** By the number, or, where nobody listed that, by the words: SQL Server has many such errors. */
export const isDenied = ({ number, words }: Denied, isListed: boolean): boolean =>
  numbers.has(number) || (!isListed && /\bpermission (?:was )?denied\b|\bdo(?:es)? not have (?:the )?permission\b/i.test(words));
