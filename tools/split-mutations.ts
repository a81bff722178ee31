import { edit, type Mutation } from './mutation.ts';

const transacting = 'split/split-warehouse.ts';
const finishing = 'split/finish.ts';

/** Guards of delivery where rows are in a store of their own (rule 10). */
export const splitMutations: Readonly<Record<string, Mutation>> = {
  'intent-first': {
    guard: 'nothing is appended before what is to be appended is written down',
    edits: [
      edit(
        transacting,
        'await state.intend(lane, seq, encodeIntent(intent));',
        'await rows.append(intent.rows, await state.schema());\n    await state.intend(lane, seq, encodeIntent(intent));',
      ),
    ],
    split: true,
    seeds: 60,
  },
  'intent-finished': {
    guard: 'whoever comes next finishes what was begun, as it was written, before anything of his own',
    edits: [edit(transacting, 'if (isPending) throw taken(lane);', 'isPending = false;')],
    split: true,
    seeds: 60,
  },
  'rows-first': {
    guard: 'rows are there before the position that counts them',
    edits: [
      edit(finishing, 'await rows.append(rowsOf(intent), await state.schema());', ''),
      edit(
        finishing,
        'if (changesShown(writes))',
        'await rows.append(rowsOf(intent), await state.schema());\n    if (changesShown(writes))',
      ),
    ],
    split: true,
    seeds: 60,
  },
  'intent-before-administration': {
    guard: 'operators move lanes only when nothing is begun in them',
    edits: [
      edit(
        transacting,
        'for (const lane of await administering.intents()) await finishPending(lane, (turn) => administering.turn(lane, turn));',
        '',
      ),
    ],
    split: true,
    seeds: 700,
  },
  'replay-of-an-older-version': {
    guard: 'a driver that was activated while a replay was under way is folded again (rule 8)',
    edits: [edit(finishing, 'if (late.length > 0)', 'if (false)')],
    split: true,
    seeds: 3000,
  },
  'live-overtaken': {
    guard: 'an instance does not go live with what was begun under a version that is no longer in force (rules 7 and 8)',
    edits: [
      edit(finishing, 'goesLive && (await currentVersion()) !== intent.version', 'false'),
      edit(finishing, 'if (goesLive && !isLate) await transaction.holdVersion(intent.version);', ''),
    ],
    split: true,
    seeds: 3000,
    deeds: ['change', 'replay'],
  },
  'intent-taken-once': {
    guard: 'an intent that somebody else has finished is not carried out again',
    edits: [edit(finishing, 'if ((await transaction.takeIntent()) === null) throw taken(lane);', 'await transaction.takeIntent();')],
    split: true,
    seeds: 0,
    unnoticed: 'the compare-and-set of the lane refuses whoever comes second: the intent was decided on a seq that the lane no longer has',
  },
};
