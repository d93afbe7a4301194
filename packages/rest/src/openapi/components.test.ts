import { expect, test } from 'vitest';
import { createComponents } from './components.ts';

test('one name cannot stand for two shapes', () => {
  const components = createComponents();
  components.putSchema('Part', { type: 'string' });
  expect(components.putSchema('Part', { type: 'string' })).toEqual({ $ref: '#/components/schemas/Part' });
  expect(() => components.putSchema('Part', { type: 'integer' })).toThrow('Part');
});

test('a reference leads to what was put there', () => {
  const components = createComponents();
  const { $ref = '' } = components.putSchema('Part', { type: 'string' });
  expect(components.resolve($ref)).toEqual({ type: 'string' });
  expect(() => components.resolve('#/components/schemas/Other')).toThrow('Other');
});

test('everything is sorted by name', () => {
  const components = createComponents();
  for (const name of ['C', 'A', 'B']) components.putSchema(name, { title: name });
  expect(Object.keys(components.all().schemas)).toEqual(['A', 'B', 'C']);
});
