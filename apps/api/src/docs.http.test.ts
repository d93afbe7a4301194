import { existsSync } from 'node:fs';
import { useWorld } from '@morket/testing';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CHROMIUM = process.env.CHROME_PATH ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const isMissing = !existsSync(CHROMIUM) && !process.env.CI;
if (isMissing) console.log(`skipped: the API reference in a browser (no ${CHROMIUM}; set CHROME_PATH)`);

describe.skipIf(isMissing)('the API reference in a browser', () => {
  const world = useWorld();
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(() => browser.close());

  test('shows every domain, asks nobody but us, and breaks no rule of the page', async () => {
    const origin = await world.app.listen({ port: 0, host: '127.0.0.1' });
    const page = await browser.newPage();
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => void requested.push(request.url()));
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (err) => void complaints.push(err.message));

    await page.goto(`${origin}/`);
    for (const text of ['Morket', 'auth', 'workspace', 'credential', 'billing']) {
      await page.getByText(text, { exact: true }).first().waitFor();
    }

    expect(page.url()).toBe(`${origin}/docs`);
    expect(requested.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
