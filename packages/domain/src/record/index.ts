export { PARTITIONS, type Recording, record, recordClauses, recordingsSource } from './record.ts';
