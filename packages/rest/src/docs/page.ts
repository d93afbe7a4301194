/** What the reference is told; each `false`, `never` and `disabled` keeps it from calling its maker's servers. */
const configuration = (openApiPath: string) => ({
  url: openApiPath,
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  authentication: { preferredSecurityScheme: 'bearer' },
});

/** JSON inside a script: `</script>` must not end it. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Browsers ask for an icon; a page that brings its own spares them a 404. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1f6feb"/>' +
  '<path d="M4 12V4l4 5 4-5v8" fill="none" stroke="#fff" stroke-width="1.6"/></svg>';

/** The page of the API reference. `nonce` is the one in the policy it is sent with. */
export const docsPage = (page: {
  readonly openApiPath: string;
  readonly scriptPath: string;
  readonly nonce: string;
}): string =>
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Morket API</title>
    <link rel="icon" href="data:," />
    <link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}" />
  </head>
  <body>
    <div id="app"></div>
    <script src="${page.scriptPath}" nonce="${page.nonce}"></script>
    <script nonce="${page.nonce}">Scalar.createApiReference('#app', ${inScript(configuration(page.openApiPath))});</script>
  </body>
</html>
`;

/**
 * The policy of the page, in place of the app's own. Scripts run by nonce alone. Styles need `unsafe-inline`: the reference writes style
 * attributes, which no nonce can authorize. `connect-src 'self'` is what makes "nothing leaves" certain: even a request that the
 * configuration failed to switch off is refused by the browser.
 */
export const docsPolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
