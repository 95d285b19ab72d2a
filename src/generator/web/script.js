// What the page does with a script: copy buttons, and a result that follows
// what is typed.  The server renders both; nothing is computed here.

'use strict';

(() => {
    const form = document.getElementById('form');
    const status = document.getElementById('status');
    const title = document.querySelector('h1').textContent;
    const names = ['query', 'domain', 'mode', 'mx', 'max_age', 'rua'];
    const touched = new Set(['query']);
    let shown = document.getElementById('result').outerHTML;
    let request = new AbortController();
    let typing = 0;
    let pause = 0;

    // A live region that gets the same text again would stay silent.

    const say = (text) => {
        const same = status.textContent === text;
        status.textContent = same ? `${text}\u00a0` : text;
    };

    const showCopyButtons = (root) => {
        for (const button of root.querySelectorAll('button.copy')) {
            button.hidden = false;
        }
    };

    const showOther = () => {
        document.getElementById('other').hidden =
            form.elements.max_age.value !== 'other';
    };

    // Over plain HTTP there is no navigator.clipboard.

    const copyText = async (element) => {
        try {
            await navigator.clipboard.writeText(element.textContent);
            return true;
        } catch (error) {
            getSelection().selectAllChildren(element);
            return document.execCommand('copy');
        }
    };

    const copy = async (button) => {
        const label = button.firstElementChild;

        if (!await copyText(document.getElementById(button.dataset.copy))) {
            say('Not copied. The text is selected.');
            return;
        }

        label.textContent = 'Copied';
        button.classList.add('done');
        say('Copied');

        clearTimeout(button.timer);
        button.timer = setTimeout(() => {
            label.textContent = 'Copy';
            button.classList.remove('done');
        }, 2000);
    };

    const showError = (page, name) => {
        const error = document.getElementById(`error-${name}`);
        const text = page.getElementById(error.id).textContent;

        if (error.textContent === text || (text && !touched.has(name))) {
            return;
        }

        error.textContent = text;

        form.querySelectorAll(`[aria-describedby~=${error.id}]`)
            .forEach((input) => (text
                ? input.setAttribute('aria-invalid', 'true')
                : input.removeAttribute('aria-invalid')));
    };

    const showResult = (page) => {
        const result = page.getElementById('result');
        const focused = document.activeElement.dataset.copy;

        // an equal one would only take away "Copied"

        if (result.outerHTML === shown) {
            return;
        }

        shown = result.outerHTML;
        showCopyButtons(result);
        document.getElementById('result').replaceWith(result);
        say('Result updated');

        const button = result.querySelector(`[data-copy="${focused}"]`);
        if (button) {
            button.focus();
        }
    };

    const show = (page) => {
        const old = document.getElementById('summary');
        const now = page.getElementById('summary');

        document.title = now ? title : page.title;
        showResult(page);
        names.forEach((name) => showError(page, name));

        // whoever has not submitted yet has no summary

        if (old) {
            old.replaceWith(now || '');
        }
    };

    const stop = () => {
        clearTimeout(typing);
        request.abort();
    };

    const update = async () => {
        const query = new URLSearchParams(new FormData(form));
        const url = `${form.getAttribute('action')}?${query}`;

        stop();
        request = new AbortController();
        const { signal } = request;

        try {
            const response = await fetch(url, { signal });
            const text = await response.text();
            show(new DOMParser().parseFromString(text, 'text/html'));
            history.replaceState(history.state, '', url);
        } catch (error) {
            if (!signal.aborted) {
                shown = '';
                document.getElementById('result').classList.add('stale');
                say('Result not updated');
            }
        }
    };

    // A mistake is shown when its field is left or typing has paused: what is
    // half typed is not one.

    const touch = (event) => {
        touched.add(event.target.name.replace('_other', ''));
        update();
    };

    form.addEventListener('input', (event) => {
        clearTimeout(typing);
        clearTimeout(pause);
        typing = setTimeout(update, 300);
        pause = setTimeout(touch, 1000, event);
        showOther();
    });

    form.addEventListener('change', (event) => {
        clearTimeout(pause);
        touch(event);
    });

    form.addEventListener('submit', () => {
        clearTimeout(pause);
        stop();
    });

    document.addEventListener('click', (event) => {
        const button = event.target.closest('button.copy');
        if (button) {
            copy(button);
        }
    });

    // A browser may put back what was typed after this has run.

    addEventListener('pageshow', () => {
        showOther();

        if ([...form.elements].some((input) => (
            input.checked !== input.defaultChecked
            || (input.name && 'defaultValue' in input
                && input.value !== input.defaultValue)))) {
            update();
        }
    });

    showOther();
    showCopyButtons(document);

    if (document.getElementById('summary')) {
        names.forEach((name) => touched.add(name));
        document.getElementById('summary').focus();
    }
})();
