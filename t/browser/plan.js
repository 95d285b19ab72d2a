// Opens the page of mta-sts plan -f html in Chromium: see page.js.

'use strict';

const { plan, is, open, run } = require('./page.js');


const testContents = async () => {
    const { page, close } = await open({ javaScriptEnabled: false });

    is((await page.locator('h2').allTextContents()).join(' | '), plan.titles,
       'domains');
    is(await page.locator('li').count() > 0, true, '... and their advice');

    await close('contents');
};


run(testContents);
