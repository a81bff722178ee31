import { edit, type Mutation } from './mutation.ts';

/** Guards of corrections: replays, and the requests that follow them. */
export const correctionMutations: Readonly<Record<string, Mutation>> = {
  'verdict-of-version': {
    guard: 'a record is given up by the version that it failed by (rule 4)',
    edits: [edit('attempts.ts', 'seq !== stoodAt || version !== decidedBy', 'seq !== stoodAt')],
    seeds: 700,
    deeds: ['change'],
  },
  'request-waits': {
    guard: 'a recompute waits until the lane has had the record (rule 8)',
    edits: [edit('summarise/chores.ts', '(lane.position(after)?.next ?? 0) > after.offset;', '(lane.position(after)?.next ?? 0) >= 0;')],
    seeds: 400,
    deeds: ['replay'],
  },
  'old-groups': {
    guard: 'a replay folds the groups of its old rows again (rule 8)',
    edits: [edit('flatten/replay.ts', '[...points.old, ...points.fresh]', '[...points.fresh]')],
    seeds: 400,
  },
  'new-groups': {
    guard: 'a replay folds the groups of its new rows (rule 8)',
    edits: [edit('flatten/replay.ts', '[...points.old, ...points.fresh]', '[...points.old]')],
    seeds: 400,
  },
  'replay-under-newest': {
    guard: 'a replay that a new version has overtaken is decided again (rule 8)',
    edits: [edit('flatten/replay.ts', 'await transaction.holdVersion(catalog.version);', '')],
    seeds: 3000,
    deeds: ['change', 'replay'],
  },
  'version-held': {
    guard: 'no version comes into force between a replay’s last look at it and its commit (rule 8)',
    edits: [{ file: '/libs/testing/src/memory-metadata.ts', find: 'holds.add(end);', put: '' }],
    seeds: 3000,
    deeds: ['change', 'replay'],
    unnoticed:
      'the activation must fall between that look and the end of the commit, and a driver of it fold the record meanwhile: 700 seeds do not bring them that close; the contract of the held version holds it',
  },
  'live-under-newest': {
    guard: 'an instance goes live under the version in force alone (rules 7 and 8)',
    edits: [edit('summarise/chores.ts', 'if (goesLive !== null) await transaction.holdVersion(catalog.version);', '')],
    seeds: 3000,
    deeds: ['change', 'replay'],
  },
  'groups-of-gone': {
    guard: 'a replay asks for the groups of instances that only older versions know (rule 8)',
    edits: [edit('flatten/replay.ts', 'return [...requests, ...rest];', 'return [];')],
    seeds: 2000,
    deeds: ['change', 'replay'],
  },
  'known-throughout': {
    guard: 'points are taken of instances alone that every version since the sender’s has had (rule 8)',
    edits: [
      edit(
        'summarise/points-in.ts',
        'await knownSince(catalog, piece.version)',
        'new Set((await catalogs.at(piece.version)).drivers.map(({ instance }) => instance))',
      ),
    ],
    seeds: 1500,
    deeds: ['change', 'replay'],
  },
  'request-cut': {
    guard: 'a correction folds the rows below the positions of the lane alone (rule 8)',
    edits: [edit('summarise/fold.ts', 'from, to: next }', 'from, to: Number.MAX_SAFE_INTEGER }')],
    seeds: 300,
  },
  'replay-waits': {
    guard: 'a replay waits for the first turn of the record (rule 8)',
    edits: [
      edit(
        'flatten/replay.ts',
        'if (position === undefined || position.next <= offset) continue;',
        'if (position === undefined) continue;',
      ),
    ],
    seeds: 300,
    deeds: ['replay'],
  },
};
