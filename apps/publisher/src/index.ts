export { publisher, runPublisher } from './service.ts';
