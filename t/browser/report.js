// Opens the report of mta-sts check -f html in Chromium: see page.js.

'use strict';

const { plan, is, open, run } = require('./page.js');


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


run(testFilter, testWithoutScript);
