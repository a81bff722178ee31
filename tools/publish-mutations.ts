import { edit, type Mutation } from './mutation.ts';

/** Guards of what is published. */
export const publishMutations: Readonly<Record<string, Mutation>> = {
  'old-instance-retracted': {
    guard: 'a new instance retracts what its driver had published before and it has no rows for (rule 9)',
    edits: [edit('summarise/chores.ts', 'row.key.length === key.length', 'row.key.length < 0')],
    seeds: 100,
    deeds: ['change'],
  },
  'gone-renewed': {
    guard: 'a group that an instance had retracted gets a new revision when it goes live again (rule 9)',
    edits: [edit('summarise/chores.ts', "isNew && (frozen.has(group) || status === 'gone')", 'isNew && frozen.has(group)')],
    seeds: 400,
    deeds: ['change'],
  },
  'catch-up': {
    guard: 'a publisher first sends what the state has above its position (rule 9)',
    edits: [
      edit('publish/work.ts', 'await publishState(context, lane, step, { catalog, publication, to: seq + 1, refilled: false });', ''),
    ],
    seeds: 300,
  },
  'catch-up-at-claim': {
    guard: 'a publisher catches up each time its memory is new (rule 9)',
    edits: [edit('publish/work.ts', 'const marker = `${lane.epoch()}:${catalog.version}`;', 'const marker = `${catalog.version}`;')],
    seeds: 1000,
    unnoticed:
      'ranges after a foreign turn do not join on, so the state is read anyway; what is left is one send of a publisher that was overtaken',
  },
  'publish-live-only': {
    guard: 'only instances that are live in the lane are published from the state (rule 9)',
    edits: [edit('publish/work.ts', 'if (!isLive)', 'if (false)')],
    seeds: 1500,
    deeds: ['change', 'crash', 'restart'],
  },
  'new-revisions': {
    guard: 'an instance that goes live again gets new revisions (rule 9)',
    edits: [edit('summarise/chores.ts', '(isNew || differs(', '(differs(')],
    seeds: 200,
  },
  'publish-before-commit': {
    guard: 'documents are sent before the position of their publication is committed (rule 9)',
    edits: [
      edit('publish/step.ts', 'if (messages.length > 0) await outlets.send(publication, messages);', ''),
      edit(
        'publish/step.ts',
        'if (changes.length === 0) return;',
        'if (messages.length > 0) await outlets.send(publication, messages);\n    if (changes.length === 0) return;',
      ),
    ],
    seeds: 300,
  },
};
