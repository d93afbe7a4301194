/** NestJS on its Fastify platform, validation by a pipe. Its decorators are applied by hand: type stripping knows none. */
import 'reflect-metadata';
import { Body, Controller, Get, Header, HttpCode, Module, type PipeTransform, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import { GreetInput, Greeting, greet, keepNote, Note, NoteInput, ROWS, Rows } from '../greeting.ts';
import { serve } from '../servers/listen.ts';

const checkedBy = (schema: z.ZodType): PipeTransform => ({ transform: (value) => schema.parse(value) });

class GreetingController {
  greet(input: z.infer<typeof GreetInput>) {
    return Greeting.parse(greet(input));
  }
  keepNote(input: z.infer<typeof NoteInput>) {
    return Note.parse(keepNote(input));
  }
  rows() {
    return Rows.parse(ROWS);
  }
}

class AppModule {}

function decorate(name: 'greet' | 'keepNote' | 'rows', ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(GreetingController.prototype, name);
  for (const decorator of decorators) decorator(GreetingController.prototype, name, descriptor ?? {});
}

const NO_STORE = Header('cache-control', 'no-store');

Query(checkedBy(GreetInput))(GreetingController.prototype, 'greet', 0);
decorate('greet', Get('greet'), NO_STORE);
Body(checkedBy(NoteInput))(GreetingController.prototype, 'keepNote', 0);
decorate('keepNote', Post('notes'), HttpCode(200), NO_STORE);
decorate('rows', Get('rows'), NO_STORE);
Controller()(GreetingController);
Module({ controllers: [GreetingController] })(AppModule);

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
serve(app.getHttpServer());
