import type { Definitions } from '../definitions.ts';
import { topicOf } from './names.ts';
import type { Report } from './report.ts';

/*
 * A publication whose documents come back as messages of its own driver would feed itself for ever. Sources, drivers and publications are
 * the nodes of a graph; a topic on one transport joins a publication to the sources that read it.
 */

interface Node {
  readonly kind: 'source' | 'driver' | 'publication';
  readonly name: string;
  /** Index in its list of definitions. */
  readonly index: number;
}

const label = ({ kind, name }: Node): string => `${kind} \`${name}\``;

const successors = (definitions: Definitions, { kind, name, index }: Node): readonly Node[] => {
  const nodes: Node[] = [];
  if (kind === 'source') {
    for (const [at, driver] of definitions.drivers.entries())
      if (driver.inputs.some((input) => input.source === name)) nodes.push({ kind: 'driver', name: driver.name, index: at });
  } else if (kind === 'driver') {
    for (const [at, publication] of definitions.publications.entries())
      if (publication.driver === name) nodes.push({ kind: 'publication', name: publication.name, index: at });
  } else {
    const publication = definitions.publications[index];
    for (const [at, source] of definitions.sources.entries()) {
      const isSamePlace = publication?.transport === source.transport && publication.connection === source.connection;
      if (isSamePlace && topicOf(publication) === topicOf(source)) nodes.push({ kind: 'source', name: source.name, index: at });
    }
  }
  return nodes;
};

/** The shortest way from a publication back to itself; null when there is none. */
const loopThrough = (definitions: Definitions, start: Node): readonly Node[] | null => {
  const queue: (readonly Node[])[] = [[start]];
  const seen = new Set<string>();
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    const last = way.at(-1);
    for (const next of last === undefined ? [] : successors(definitions, last)) {
      if (next.kind === start.kind && next.index === start.index) return way;
      if (seen.has(label(next))) continue;
      seen.add(label(next));
      queue.push([...way, next]);
    }
  }
  return null;
};

/** Reports each loop once, at the first of its publications. */
export const checkCycles = (report: Report, definitions: Definitions): void => {
  const reported = new Set<string>();
  for (const [index, publication] of definitions.publications.entries()) {
    const loop = loopThrough(definitions, { kind: 'publication', name: publication.name, index });
    if (loop === null) continue;
    const members = loop.map(label);
    const identity = members.toSorted().join();
    if (reported.has(identity)) continue;
    reported.add(identity);
    report.error(['publications', index, publication.topic === undefined ? 'name' : 'topic'], {
      code: 'catalog.cycle',
      message: `the topic \`${topicOf(publication)}\` feeds itself: ${[...members, members[0]].join(' → ')}`,
      hint: 'publish to another topic, or let the source read another one',
    });
  }
};
