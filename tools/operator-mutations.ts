import { edit, type Mutation } from './mutation.ts';

/** Guards of what operators do: retention, resize, recover. */
export const operatorMutations: Readonly<Record<string, Mutation>> = {
  'purge-needed': {
    guard: 'a horizon stops at what a request or a failure needs (rule 11)',
    edits: [
      edit(
        'flatten/purge.ts',
        'return Math.min(position.next, since ?? position.next, needed ?? position.next);',
        'return Math.min(position.next, since ?? position.next);',
      ),
      edit('flatten/purge.ts', 'if (needed === null || needed >= below) return;', 'if (needed === null || needed >= 0) return;'),
    ],
    seeds: 400,
  },
  'purge-lowest': {
    guard: 'a horizon stops at the summarise lane that has come least far (rule 11)',
    edits: [edit('flatten/purge.ts', 'const below = Math.min(await lowestOf(context, task), ', 'const below = Math.min(')],
    seeds: 400,
  },
  'freeze-first': {
    guard: 'rows go when every lane has frozen its groups (rule 11)',
    edits: [edit('flatten/purge.ts', 'if (!(await haveLetGo(context, task, wanted))) return false;', '')],
    seeds: 400,
  },
  'freeze-waits': {
    guard: 'groups are frozen when no correction of them is asked for (rule 11)',
    edits: [
      edit('summarise/frozen.ts', 'if (await hasCorrections(context.warehouse.committed, lane)) return false;', ''),
      edit('summarise/frozen.ts', 'if (await hasCorrections(transaction, lane))', 'if (false)'),
    ],
    seeds: 600,
  },
  'frozen-recompute': {
    guard: 'a frozen group is not computed again (rule 11)',
    edits: [edit('summarise/chores.ts', 'const texts = asked.difference(frozen);', 'const texts = asked;')],
    seeds: 400,
  },
  'frozen-rebuild': {
    guard: 'a rebuild leaves frozen groups alone (rule 11)',
    edits: [edit('summarise/chores.ts', '(goesLive || !frozen.has(row.group)) && ', '')],
    seeds: 400,
  },
  'frozen-late': {
    guard: 'a frozen window takes no late point (rule 11)',
    edits: [edit('summarise/frozen.ts', 'if (!hasHorizon(lane.facts())) return points;', 'if (points.length >= 0) return points;')],
    seeds: 400,
  },
  'frozen-retract': {
    guard: 'a frozen group without rows is not retracted (rule 11)',
    edits: [edit('summarise/chores.ts', "status !== 'gone' && !frozen.has(group))", "status !== 'gone')")],
    seeds: 400,
  },
  'fold-from-horizon': {
    guard: 'a fold reads no row below the horizon (rule 11)',
    edits: [edit('summarise/fold.ts', "Math.max(start, horizonOf(lane.facts(), 'folds', { source, partition }))", 'start')],
    seeds: 1500,
    deeds: ['purge', 'replay', 'recompute', 'rebuild'],
  },
  'replay-above-horizon': {
    guard: 'a record whose rows may go is not replayed (rule 11)',
    edits: [edit('flatten/replay.ts', '|| offset < rowsFrom(lane, at))', ')')],
    seeds: 400,
  },
  'resize-hold': {
    guard: 'flatten takes nothing new while a resize waits (Scale)',
    edits: [edit('topology.ts', "return hold === 'intake' ? 'chores' : 'everything';", "return 'everything';")],
    seeds: 1500,
    unnoticed:
      'the transaction that holds all three phases looks again whether anything is left; without the pause it only waits longer under load',
  },
  'resize-drain': {
    guard: 'lanes move when all of them stand at the same places (Scale)',
    edits: [
      edit('operate/resize.ts', 'if (reason === null) await holdAll(', "if (reason !== '') await holdAll("),
      edit('operate/resize.ts', '      return reason;', '      return null;'),
    ],
    seeds: 400,
  },
  'resize-topology': {
    guard: 'a worker whose catalog has another number of lanes does nothing (Scale)',
    edits: [
      edit('topology.ts', '(madeFor !== null && (madeFor !== lanes || lane.key.lane >= madeFor))', '(madeFor !== null && madeFor < 0)'),
    ],
    seeds: 200,
  },
  'resize-own-ranges': {
    guard: 'flatten takes only ranges of its own lane (Scale)',
    edits: [edit('flatten/work.ts', 'all.filter((range) => rawLane(range, catalog.settings.lanes) === laneNumber)', 'all')],
    seeds: 200,
  },
  'resize-version': {
    guard: 'a resize changes the number of lanes of the version in force, and takes nothing along that was not activated (rule 7)',
    edits: [
      {
        file: '/libs/testing/src/memory-metadata.ts',
        find: 'lanes === undefined || before === null ? freshSnapshot(before, definitions) : withLanes(before, lanes)',
        put: 'freshSnapshot(before, definitions)',
      },
    ],
    seeds: 400,
    deeds: ['resize', 'change'],
    unnoticed:
      'an edit and its activation are one step apart here, and the resize must fall between them; the contract of the metadata store holds it',
  },
  'resize-seq': {
    guard: 'every seq rises to the highest (Scale)',
    edits: [
      edit(
        'operate/moved-lanes.ts',
        'const key = { phase, source: 0, lane: number, seq };',
        'const key = { phase, source: 0, lane: number, seq: (all.find((one) => one.phase === phase && one.lane === number)?.seq ?? 0) + 1 };',
      ),
    ],
    seeds: 100,
  },
  'resize-groups': {
    guard: 'groups move to their new lanes (Scale)',
    edits: [edit('operate/resize.ts', '    await moveGroups(context, lanes);', '')],
    seeds: 400,
  },
  'recover-seq': {
    guard: 'after a recovery revisions are above all that there were (rule 9)',
    edits: [edit('operate/recover.ts', 'Math.max(highest + 1, context.clock.now() * perMs)', 'highest + 1')],
    seeds: 600,
  },
  'recover-topics': {
    guard: 'a recovery empties the internal topics (rule 3)',
    edits: [edit('operate/recover.ts', 'for (const topic of Object.values(topics)) await emptyTopic(context.internal, topic);', '')],
    seeds: 600,
  },
  'recover-renew': {
    guard: 'a recovery gives every group a new revision (rule 9)',
    edits: [edit('operate/recover.ts', 'await transaction.writeRequests(renewals(lanes), context.clock.now());', '')],
    seeds: 600,
  },
  'recover-old-revisions': {
    guard: 'after a recovery nothing is published under an old revision (rule 9)',
    edits: [edit('publish/step.ts', "const from = Number(lane.facts()['revisionsFrom'] ?? 0);", 'const from = 0;')],
    seeds: 300,
  },
};
