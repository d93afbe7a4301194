export { PARTITIONS, type Recording, record, recordClauses, recordingsSource } from './record.ts';
export { recordRead } from './record-read.ts';
