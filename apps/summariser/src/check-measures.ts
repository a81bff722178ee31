import { summarisePhase } from '@dsf/phase-summarise';
import type { CustomMeasures } from '@dsf/ports';

/** Tests on random data that measures keep the laws by which a summary does not depend on order. @throws Failure `fatal` `summarise.measure-laws`, `summarise.measure-name` */
export const checkMeasures = (measures: CustomMeasures): void => {
  summarisePhase.compile({ version: 0, settings: { lanes: 1 }, sources: [], drivers: [], publications: [] }, measures);
};
