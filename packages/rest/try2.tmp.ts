import { createConfig, lintFromString } from '@redocly/openapi-core';
import { readFileSync } from 'node:fs';
const config = await createConfig({ extends: ['recommended'] });
const t=performance.now();
const problems = await lintFromString({ source: readFileSync('/tmp/notes/rest/openapi.json','utf8'), config, absoluteRef:'openapi.json' });
console.log(performance.now()-t, problems.length);
const m=new Map(); for (const p of problems) { const k=p.severity+' '+p.ruleId; m.set(k,[...(m.get(k)??[]), p.message+' '+p.location[0]?.pointer]); }
for (const [k,v] of m) console.log(k, v.length, v.slice(0,6));
