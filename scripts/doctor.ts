/** `npm run doctor`: looks at what `npm start` needs and says how to mend what is wrong. `--json` for programs. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkDatabase } from './doctor/database.ts';
import type { Finding } from './doctor/finding.ts';
import { checkInstallation, checkNode, checkNpm } from './doctor/installation.ts';
import { checkClock, checkDisk, checkSecretsFile } from './doctor/machine.ts';
import { checkPort } from './doctor/port.ts';

const root = path.resolve(import.meta.dirname, '..');
const envFile = path.join(root, '.env');
if (existsSync(envFile)) process.loadEnvFile(envFile);
const { PORT, HOST, DATABASE_URL, MORKET_DATA_DIR } = process.env;
const dataDir = path.resolve(root, MORKET_DATA_DIR || '.morket');

const findings: Finding[] = [
  checkNode(),
  await checkNpm(),
  await checkInstallation(root),
  await checkPort(PORT, HOST),
  ...(await checkDatabase(root, DATABASE_URL, dataDir)),
  await checkDisk(dataDir),
  await checkClock(root),
  await checkSecretsFile(dataDir),
];

if (process.argv.includes('--json')) console.log(JSON.stringify(findings, null, 2));
else for (const finding of findings) console.log(lineOf(finding));
if (findings.some(({ level }) => level === 'fail')) process.exitCode = 1;

function lineOf(finding: Finding): string {
  const line = `${finding.level.padEnd(4)}  ${finding.what}`;
  return finding.level === 'ok' ? line : `${line}  → ${finding.fix}`;
}
