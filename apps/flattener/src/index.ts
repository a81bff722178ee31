export { runFlattener } from './service.ts';
