export { runPublisher } from './service.ts';
