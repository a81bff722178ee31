export { flattener, runFlattener } from './service.ts';
