export { loadCustomMeasures } from './custom-measures.ts';
export { openInstallation, type Installation } from './installation.ts';
export { serviceContext } from './service-context.ts';
export { serviceMain, type ServiceMain } from './service-main.ts';
export { readStatus, type PhaseStatus, type SourceStatus, type Status } from './status.ts';
export { systemClock } from './system-clock.ts';
