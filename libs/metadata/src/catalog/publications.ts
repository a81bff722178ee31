import type { z } from 'zod';
import type { DriverInstance } from '../catalog.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { DriverDefinition, PublicationDefinition } from '../definitions.ts';
import { memberOf, pathSegments } from '../path.ts';
import { checkExpression } from './report.ts';
import type { At, Finding, Report } from './report.ts';

/*
 * A document is a function of the group's state alone, so its template reads nothing but the group's key, window and measures.
 */

const roots = ['key', 'window', 'measures'] as const;
const windowMembers = ['start', 'end'] as const;

const unknownMember = (
  owner: string,
  member: string,
  { known, driver }: { readonly known: readonly string[]; readonly driver: string },
): Finding => ({
  code: 'publication.path-unknown',
  message: `the driver \`${driver}\` has no \`${owner}.${member}\``,
  hint: didYouMean(member, known, owner === 'key' ? 'key part' : 'measure'),
});

const whyNotInGroup = (driver: DriverDefinition, path: string): Finding | null => {
  const [root = '', ...members] = pathSegments(path).map(memberOf);
  const [member] = members;
  switch (root) {
    case 'key':
      return member === undefined || Object.hasOwn(driver.key, member)
        ? null
        : unknownMember('key', member, { known: Object.keys(driver.key), driver: driver.name });
    case 'measures': {
      const known = Object.keys(driver.measures);
      return member === undefined || known.includes(member) ? null : unknownMember('measures', member, { known, driver: driver.name });
    }
    case 'window':
      if (member === undefined) return null;
      if (driver.window === 'none')
        return {
          code: 'publication.no-window',
          message: `the driver \`${driver.name}\` has no window, so \`${path}\` is always null`,
          hint: 'give the driver a `window`, or remove it from the body',
        };
      return windowMembers.some((name) => name === member)
        ? null
        : unknownMember('window', member, { known: windowMembers, driver: driver.name });
    default:
      return {
        code: 'publication.path-unknown',
        message: `a body can read \`key\`, \`window\` and \`measures\`, not \`${root}\``,
        hint: `${didYouMean(root, roots, 'root')}; a fixed text is written in quotes of its own, as in "'${root}'"`,
      };
  }
};

type Template = z.core.util.JSONType;

/** Checks every string of the template. */
const checkTemplate = (
  report: Report,
  at: At,
  { template, driver }: { readonly template: Template; readonly driver: DriverDefinition | null },
): void => {
  if (typeof template === 'string') {
    const expression = checkExpression(report, at, { text: template });
    for (const path of expression?.paths ?? []) {
      const reason = driver === null ? null : whyNotInGroup(driver, path);
      if (reason !== null)
        report[reason.code === 'publication.no-window' ? 'warn' : 'error'](at, { ...reason, offset: Math.max(0, template.indexOf(path)) });
    }
  } else if (Array.isArray(template)) {
    for (const [index, item] of template.entries()) checkTemplate(report, [...at, index], { template: item, driver });
  } else if (typeof template === 'object' && template !== null) {
    for (const [name, member] of Object.entries(template)) checkTemplate(report, [...at, name], { template: member, driver });
  }
};

/** Drivers by name, as defined and as resolved. */
export type ResolvedDrivers = ReadonlyMap<string, { readonly definition: DriverDefinition; readonly instance: DriverInstance }>;

/** @returns the driver's instance; null when there is none */
export const resolvePublication = (
  report: Report,
  drivers: ResolvedDrivers,
  { publication, index }: { readonly publication: PublicationDefinition; readonly index: number },
): DriverInstance | null => {
  const at: At = ['publications', index];
  const driver = drivers.get(publication.driver);
  if (driver === undefined) {
    report.error([...at, 'driver'], {
      code: 'publication.driver-unknown',
      message: `there is no driver \`${publication.driver}\``,
      hint: didYouMean(publication.driver, drivers.keys(), 'driver'),
    });
  }
  if (publication.body !== undefined)
    checkTemplate(report, [...at, 'body'], { template: publication.body, driver: driver?.definition ?? null });
  return driver?.instance ?? null;
};
