export {
  type AnswerJson,
  type Answers,
  answerName,
  answersQuery,
  answersSource,
  assertSameEffect,
  type Keyed,
  keepAnswersStatement,
  keyedBy,
  type NewAnswer,
  toAnswers,
} from './idempotency.ts';
export { findReplay, isReplay, once } from './once.ts';
