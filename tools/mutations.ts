import { edit, type Mutation } from './mutation.ts';
import { operatorMutations } from './operator-mutations.ts';
import { splitMutations } from './split-mutations.ts';

/** Every guard of delivery that the simulator is tried without. */
export const mutations: Readonly<Record<string, Mutation>> = {
  'compare-and-set': {
    guard: 'one row first: a transaction that was decided on an older seq is refused (rule 1)',
    edits: [
      {
        file: '/libs/testing/src/memory-warehouse.ts',
        find: 'if (database.comparesSeq && (row?.seq ?? 0) !== seq)',
        put: 'if (false)',
      },
      {
        file: '/libs/testing/src/memory-warehouse.ts',
        find: 'const next = database.comparesSeq ? seq + 1 : (row?.seq ?? 0) + 1;',
        put: 'const next = (row?.seq ?? 0) + 1;',
      },
    ],
    seeds: 60,
  },
  'group-cache': {
    guard: 'groups in memory are dropped with the epoch of the lane (scenario 3)',
    edits: [edit('summarise/group-store.ts', 'if (epoch !== lane.epoch()) kept.clear();', '')],
    seeds: 200,
  },
  'record-by-record': {
    guard: 'the position advances record by record within a batch (scenario 2)',
    edits: [edit('join.ts', 'const from = next.get(key) ?? position(range);', 'const from = position(range);')],
    seeds: 100,
  },
  'cut-between-records': {
    guard: 'ranges are cut between records only (scenario 1)',
    edits: [
      edit('join.ts', 'if (offset !== last && left === 0) return index;', 'if (left === 0) return index;'),
      edit('join.ts', 'if (offset !== last) left -= 1;', 'left -= 1;'),
    ],
    seeds: 200,
  },
  'join-on': {
    guard: 'a range that does not join on is not taken (rule 3)',
    edits: [edit('join.ts', 'if (range.from > from || range.items === undefined) {', 'if (range.items === undefined) {')],
    seeds: 60,
  },
  refill: {
    guard: 'what is missing is read from rows (rule 3)',
    edits: [
      edit(
        'flatten/records-in.ts',
        "if (content.kind === 'items') return { records: content.items, to };",
        "if (content.kind === 'items') return { records: content.items, to };\n  if (to > from) return { records: [], to };",
      ),
    ],
    seeds: 60,
  },
  'refill-points': {
    guard: 'points that are missing are made from rows (rule 3)',
    edits: [
      edit(
        'summarise/points-in.ts',
        'return { piece, to: read.next, points: read.points };',
        'return { piece, to: read.next, points: [] };',
      ),
    ],
    seeds: 60,
  },
  'version-stamp': {
    guard: 'points of a driver that the sender did not know are read from rows (rule 7)',
    edits: [
      edit(
        'summarise/points-in.ts',
        'if (unknown.size === 0) return { piece, to, points: content.items };',
        'return { piece, to, points: content.items };',
      ),
    ],
    seeds: 200,
  },
  'held-version': {
    guard: 'a range held back grows only by one of its own version (rule 7)',
    edits: [edit('flatten/points-out.ts', 'before.to === frame.from && before.version === frame.version', 'before.to === frame.from')],
    seeds: 300,
    deeds: ['change'],
  },
  'held-end-to-end': {
    guard: 'a range held back grows only by one that stands end to end with it (rule 2)',
    edits: [
      edit('flatten/points-out.ts', 'before.to === frame.from && before.version === frame.version', 'before.version === frame.version'),
    ],
    seeds: 2000,
  },
  'at-least': {
    guard: 'a receiver loads at least the version of the range (rule 7)',
    edits: [
      edit('catalogs.ts', 'const catalog = newest.version >= version ? newest : await ask();', 'const catalog = newest;'),
      edit('catalogs.ts', 'if (catalog.version < version) {', 'if (catalog.version < 0) {'),
    ],
    seeds: 300,
    deeds: ['change'],
  },
  'request-waits': {
    guard: 'a recompute waits until the lane has had the record (rule 8)',
    edits: [edit('summarise/chores.ts', '(lane.position(after)?.next ?? 0) > after.offset;', '(lane.position(after)?.next ?? 0) >= 0;')],
    seeds: 400,
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
    edits: [
      edit('flatten/replay.ts', 'if ((await catalogs.storedVersion()) !== catalog.version)', 'if ((await catalogs.storedVersion()) < 0)'),
    ],
    seeds: 3000,
    unnoticed:
      'the activation must fall between the answer to the replay and its commit; since gone instances are rebuilt, little is left of it',
  },
  'rebuild-of-gone': {
    guard: 'a replay has instances rebuilt that only older versions know (rule 8)',
    edits: [
      edit(
        'flatten/replay.ts',
        '...(await rebuildRequests(context, catalog, at))',
        '...(await rebuildRequests(context, catalog, at)).slice(0, 0)',
      ),
    ],
    seeds: 2000,
  },
  'commit-before-send': {
    guard: 'ranges are sent after the commit (rule 4)',
    edits: [
      edit(
        'ingest/step.ts',
        'await lane.transact({ positions: [after]',
        'await sendRaw(context, lane, { source: after.source, partition: after.partition, from, to: after.next, version: after.version, time: after.time, idle: after.idle, items: records });\n    await lane.transact({ positions: [after]',
      ),
    ],
    seeds: 60,
  },
  'ack-after-send': {
    guard: 'a batch is acknowledged after its send (rule 4)',
    edits: [
      edit(
        'lane-loop.ts',
        'const receivedAt = clock.now();',
        'await persist(giveUp, () => feed.acknowledge(last.offset + 1));\n        const receivedAt = clock.now();',
      ),
    ],
    seeds: 1000,
  },
  announce: {
    guard: 'an idle owner says where it stands (rule 4)',
    edits: [edit('lane-loop.ts', 'await (due ? work.announce() : work.pause());', 'await work.pause();')],
    seeds: 100,
  },
  'announce-under-load': {
    guard: 'a busy owner says where it stands, too (rule 4)',
    edits: [edit('lane-loop.ts', 'if (!due && last !== undefined) continue;', 'if (last !== undefined) continue;')],
    seeds: 1500,
    unnoticed: 'runs end idle, and then the lane says where it stands; it needs traffic that never ends',
  },
  'announce-retired': {
    guard: 'somebody says for removed sources where they stand (rule 7)',
    edits: [
      edit(
        'flatten/work.ts',
        'await sendRanges({ ...context, lane: lane.name }, topics.raw, await retiredEnds(context, lane, catalog));',
        '',
      ),
    ],
    seeds: 1500,
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
    edits: [edit('publish/work.ts', 'if (!isLive) return', 'if (false) return')],
    seeds: 1500,
  },
  'new-revisions': {
    guard: 'an instance that goes live again gets new revisions (rule 9)',
    edits: [edit('summarise/chores.ts', '(isNew || differs(', '(differs(')],
    seeds: 200,
  },
  'out-of-range': {
    guard: 'readers of an internal topic go on where it begins now (rule 3)',
    edits: [
      edit('lane-loop.ts', "if (!(error instanceof Failure && error.code === 'transport.out-of-range')) throw error;", 'throw error;'),
    ],
    seeds: 60,
  },
  'refuse-once': {
    guard: 'a verdict is for the record that the lane stands at (rule 4)',
    edits: [edit('attempts.ts', "if (seq !== stoodAt) [failsAlone, verdict, refusal] = [0, null, 'none'];", '')],
    seeds: 2000,
  },
  'refill-alone': {
    guard: 'a refill uses up a walk, so that a record that fails stands alone (rule 4)',
    edits: [edit('join.ts', 'countRecords(piece.content.items) : room;', 'countRecords(piece.content.items) : 0;')],
    seeds: 600,
  },
  'body-left-out': {
    guard: 'a body that is too large is left out (scenario 17)',
    edits: [edit('outbox.ts', 'body: whole.byteLength <= bytesMax ? whole : encode(frame)', 'body: whole')],
    seeds: 60,
  },
  unreadable: {
    guard: 'a message that cannot be read is passed over (scenario 17)',
    edits: [edit('receive.ts', 'if (!(error instanceof UnreadableRangeError)) throw error;', 'throw error;')],
    seeds: 60,
  },
  'source-checked': {
    guard: 'a source is checked before it is read on (rule 5)',
    edits: [
      edit(
        'ingest/start.ts',
        "if (facts['cluster'] !== cluster)",
        "if (cluster !== undefined) return;\n  if (facts['cluster'] !== cluster)",
      ),
    ],
    seeds: 400,
  },
  'last-record': {
    guard: 'the last record is still the one that was read (rule 5)',
    edits: [
      edit(
        'ingest/start.ts',
        "if (sha256 !== facts['lastSha256'] || brokerTime(record.time) !== facts['lastTime'])",
        'if (sha256 === undefined)',
      ),
    ],
    seeds: 600,
  },
  'start-once': {
    guard: 'the start of a source is resolved once, and stored (rule 5)',
    edits: [
      edit('ingest/work.ts', 'if (lane.position({ source: source.id, partition }) === undefined) await resolveStart', 'await resolveStart'),
    ],
    seeds: 400,
  },
  'position-not-end': {
    guard: 'a position comes from records seen, never from the end of the log (rule 5)',
    edits: [
      edit(
        'ingest/step.ts',
        'const next = (records.at(-1)?.offset ?? before.next - 1) + 1;\n    const { end } = await',
        'const { end } = await',
      ),
      edit(
        'ingest/step.ts',
        'at.transport.bounds(at.source.topic, at.partition);',
        'at.transport.bounds(at.source.topic, at.partition);\n    const next = end;',
      ),
    ],
    seeds: 400,
  },
  'sender-start': {
    guard: 'a lane without a position begins where its sender began (rule 3)',
    edits: [edit('receive.ts', 'next: start, start, time', 'next: Math.max(start, range.to), start: Math.max(start, range.to), time')],
    seeds: 300,
  },
  ...operatorMutations,
  ...splitMutations,
};
