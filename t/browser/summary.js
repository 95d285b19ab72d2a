// Opens the page of mta-sts reports -f html in Chromium: see page.js.

'use strict';

const { plan, is, open, run } = require('./page.js');


const testContents = async () => {
    const { page, close } = await open({ javaScriptEnabled: false });

    is((await page.locator('h2').allTextContents()).join(' | '), plan.titles,
       'domains and what is to be said about each');
    is(await page.locator('script').count(), 0, 'no script');
    is((await page.locator('td:first-child').allTextContents())
        .some((text) => text.startsWith(plan.markup)), true,
       'what a sender wrote is text');
    is(await page.locator('svg rect').count() > 0, true, 'charts');
    is(await page.locator('svg:not([aria-label])').count(), 0,
       '... with a name for who cannot see them');

    await close('contents');
};


run(testContents);
