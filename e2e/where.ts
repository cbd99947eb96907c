// Where the running product is; `npm run e2e` starts it and says so here.
function needed(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: run the browser tests with \`npm run e2e\`, which starts the product.`);
  return value;
}

export const at = {
  console: needed("TOCSIN_E2E_URL"),
  database: needed("TOCSIN_E2E_DATABASE_URL"),
  inbox: process.env.TOCSIN_E2E_INBOX,
  chromium: process.env.TOCSIN_CHROMIUM,
};
