// A page that a test opens in Chromium: what every page must do.  plan.base is the URL
// of a page with files and forms of its own, which are queries of it.  Standard input of
// a test has where the page is, as JSON; each line of its standard output is one
// observation: {name, ok, detail}; the last one is {ended}.

'use strict';

const fs = require('fs');
const path = require('path');

const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
const { chromium } = require(path.join(plan.modules, 'playwright-core'));
const axe = require(path.join(plan.modules, 'axe-core'));

const say = (object) => fs.writeSync(1, `${JSON.stringify(object)}\n`);

const is = (got, expected, name) =>
    say({ name, ok: got === expected,
          detail: `got: ${JSON.stringify(got)}\n`
                  + `expected: ${JSON.stringify(expected)}` });

let browser;


// A page, and what it must not do: requests, dialogs, errors, messages.

const open = async (options) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const bad = [];

    page.setDefaultTimeout(60000);
    page.on('dialog', (dialog) => {
        bad.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('console', (message) => bad.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => bad.push(`error: ${error.message}`));
    context.on('request', (request) => {
        if (request.url() !== plan.url
            && !(plan.base && request.url().startsWith(`${plan.base}?`))) {
            bad.push(`request: ${request.url()}`);
        }
    });

    await page.goto(plan.url);

    return {
        page,
        close: async (name) => {
            is(bad.join('\n'), '', `${name}: no request, dialog or message`);
            await context.close();
        },
    };
};


// Looks at the page in a width and a colour scheme.

const looks = async (width, colorScheme) => {
    const name = `${width} px, ${colorScheme}`;
    const { page, close } = await open({ viewport: { width, height: 800 },
                                         colorScheme });

    is(await page.evaluate(() => document.documentElement.scrollWidth), width,
       `${name}: no scrolling sideways`);
    await page.screenshot({ path: path.join(plan.shots,
        `${plan.shot}-${width}-${colorScheme}.png`), fullPage: true });

    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() => window.axe.run());

    is(violations.map(({ id, nodes }) =>
        `${id}: ${nodes[0].target}: ${nodes[0].failureSummary}`).join('\n'),
       '', `${name}: axe-core finds nothing`);
    is(passes.length > 10, true, `${name}: axe-core ran`);

    await close(name);
};


// Runs the tests, and looks at the page narrow and wide, light and dark.

const run = async (...tests) => {
    browser = await chromium.launch({
        executablePath: plan.chromium,
        headless: true,
        // containers do not let a browser make one; the page is our own
        chromiumSandbox: false,
    });

    for (const test of tests) {
        await test();
    }

    for (const width of [360, 1440]) {
        for (const scheme of ['light', 'dark']) {
            await looks(width, scheme);
        }
    }

    await browser.close();
    say({ ended: true });
};

module.exports = {
    plan, is, open,
    run: (...tests) => run(...tests).catch((error) => {
        say({ name: 'the browser', ok: false, detail: error.stack });
        process.exit(1);
    }),
};
