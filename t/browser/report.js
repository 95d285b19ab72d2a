// Opens the report of mta-sts check -f html in Chromium.  Standard input has
// where it is and what it must show, as JSON; each line of standard output is
// one observation: {name, ok, detail}; the last one is {ended}.

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

    page.on('dialog', (dialog) => {
        bad.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('console', (message) => bad.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => bad.push(`error: ${error.message}`));
    context.on('request', (request) => {
        if (request.url() !== plan.url) {
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


const shown = (page) => page.evaluate(() =>
    Array.from(document.querySelectorAll('.domain'))
        .filter((domain) => domain.offsetParent)
        .map((domain) => domain.querySelector('h3').textContent)
        .join(' '));


const testFilter = async () => {
    const { page, close } = await open({});

    is(await shown(page), plan.domains.join(' '), 'all domains, worst first');

    await page.fill('#search', plan.search.words);
    is(await shown(page), plan.search.domains.join(' '), 'search');
    is(await page.textContent('#shown'),
       `${plan.search.domains.length} of ${plan.domains.length} domains`,
       'how many are shown');

    await page.fill('#search', '');
    await page.selectOption('#severity', 'none');
    is(await shown(page), plan.healthy.join(' '), 'filter');

    await close('filter');
};


const testWithoutScript = async () => {
    const { page, close } = await open({ javaScriptEnabled: false });

    is(await page.locator('.domain').count(), plan.domains.length,
       'without script: all domains');
    is(await page.locator('.filter').isVisible(), false,
       'without script: no filter that does nothing');

    await close('without script');
};


const testLooks = async (width, colorScheme) => {
    const name = `${width} px, ${colorScheme}`;
    const { page, close } = await open({ viewport: { width, height: 800 },
                                         colorScheme });

    is(await page.evaluate(() => document.documentElement.scrollWidth), width,
       `${name}: no scrolling sideways`);
    await page.screenshot({ path: path.join(plan.shots,
        `report-${width}-${colorScheme}.png`), fullPage: true });

    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() => window.axe.run());

    is(violations.map(({ id, nodes }) =>
        `${id}: ${nodes[0].target}: ${nodes[0].failureSummary}`).join('\n'),
       '', `${name}: axe-core finds nothing`);
    is(passes.length > 10, true, `${name}: axe-core ran`);

    await close(name);
};


const main = async () => {
    browser = await chromium.launch({
        executablePath: plan.chromium,
        headless: true,
        // containers do not let a browser make one; the page is our own
        chromiumSandbox: false,
    });

    await testFilter();
    await testWithoutScript();

    for (const width of [360, 1440]) {
        for (const scheme of ['light', 'dark']) {
            await testLooks(width, scheme);
        }
    }

    await browser.close();
    say({ ended: true });
};

main().catch((error) => {
    say({ name: 'the browser', ok: false, detail: error.stack });
    process.exit(1);
});
