export { csvRecord } from './csv.model.ts';
