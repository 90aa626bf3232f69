// Search as one types, copy buttons, and when the site was built. Everything else works without this.
'use strict';
(() => {
  const root = document.body.dataset.root || './';
  const shownAtMost = 100;

  const element = (name, traits = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(traits)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // ---- copy buttons

  const announcer = element('p', { class: 'hidden', role: 'status' });
  document.body.append(announcer);

  const copyText = async (text) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Without TLS there is no clipboard API.
    const area = element('textarea', { class: 'hidden', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (!copied) throw new Error('copying was refused');
  };

  const addCopyButtons = (within) => {
    for (const source of within.querySelectorAll('[data-copy]')) {
      if (source.nextElementSibling && source.nextElementSibling.classList.contains('copy')) continue;
      const what = source.classList.contains('digest') ? 'digest' : 'pull command';
      const button = element('button', { type: 'button', class: 'copy', 'aria-label': 'Copy the ' + what }, 'Copy');
      button.addEventListener('click', async () => {
        try {
          await copyText(source.textContent);
          button.textContent = 'Copied';
          announcer.textContent = 'Copied the ' + what;
        } catch {
          getSelection().selectAllChildren(source);
          button.textContent = 'Press Ctrl+C';
        }
        setTimeout(() => { button.textContent = 'Copy'; announcer.textContent = ''; }, 2000);
      });
      source.after(button);
    }
  };

  for (const place of document.querySelectorAll('.pull, .latest')) addCopyButtons(place);
  // Those folded away when they are unfolded: there may be hundreds.
  document.addEventListener('toggle', (event) => {
    if (event.target.open) addCopyButtons(event.target);
  }, true);

  // ---- when the site was built

  const built = document.getElementById('built');
  const ago = (seconds) => {
    const steps = [[86400, 'day'], [3600, 'hour'], [60, 'minute']];
    for (const [size, unit] of steps) {
      const count = Math.floor(seconds / size);
      if (count > 0) return count + ' ' + unit + (count > 1 ? 's' : '') + ' ago';
    }
    return 'less than a minute ago';
  };
  if (built) {
    fetch(built.dataset.status).then((answer) => answer.json()).then((status) => {
      built.textContent = 'This list was made ' + ago((Date.now() - Date.parse(status.built)) / 1000) + '.';
      if (status.failed > 0) {
        built.textContent += ' ' + status.failed + (status.failed > 1 ? ' images' : ' image') + ' could not be read.';
      }
    }).catch(() => {});
  }

  // ---- search

  const form = document.getElementById('search');
  const input = document.getElementById('q');
  const listing = document.getElementById('listing');
  form.hidden = false;

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest && event.target.closest('input, textarea, select');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });

  if (!listing) return; // On other pages Enter leads to the listing.

  const results = document.getElementById('results');
  const found = document.getElementById('found');
  const parts = Number(document.body.dataset.searchParts || 0);
  const title = document.title;
  let images = [];
  let loading = null;
  let missing = false;

  const load = () => {
    loading ??= (async () => {
      for (let part = 1; part <= parts; ++part) {
        const answer = await fetch(root + '_search/' + part + '.json');
        if (!answer.ok) throw new Error(answer.status);
        for (const [name, folder, latest, tags, size, platforms, updated] of await answer.json()) {
          images.push({ name, folder, latest, tags, size, platforms, updated, key: (name + ' ' + latest).toLowerCase() });
        }
        show();
      }
    })().catch(() => {
      missing = true;
      loading = null;
      images = [];
      show();
    }).then(() => { if (!missing) images.complete = true; show(); });
  };

  // Smaller is better: the whole name, the last part, its beginning, the beginning of any part, anywhere.
  const rank = (image, query) => {
    const name = image.name;
    const last = name.slice(name.lastIndexOf('/') + 1);
    if (name === query || last === query) return 0;
    if (last.startsWith(query)) return 1;
    if (name.startsWith(query) || name.includes('/' + query)) return 2;
    return name.includes(query) ? 3 : 4;
  };

  const search = (query) => {
    const words = query.split(/\s+/).filter(Boolean);
    const matches = images.filter((image) => words.every((word) => image.key.includes(word)));
    return matches.map((image, place) => [rank(image, query), place, image])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((entry) => entry[2]);
  };

  const cell = (label, content, type) => {
    const made = element('td', { 'data-label': label }, content);
    if (type) made.className = type;
    return made;
  };

  const row = (image) => {
    const slash = image.name.lastIndexOf('/') + 1;
    const link = element('a', { href: root + image.folder },
      element('span', { class: 'space' }, image.name.slice(0, slash)), image.name.slice(slash));
    const time = image.updated
      ? element('time', { datetime: image.updated }, image.updated.slice(0, 10) + ' ' + image.updated.slice(11, 16)) : '–';
    return element('tr', {}, element('th', { scope: 'row' }, link),
      cell('Latest', element('code', {}, image.latest)), cell('Tags', String(image.tags), 'n'),
      cell('Size', image.size, 'n'), cell('Platforms', image.platforms || '–'), cell('Updated', time));
  };

  const table = (matches) => {
    const head = ['Image', 'Latest', 'Tags', 'Size', 'Platforms', 'Updated'].map((name) => {
      const made = element('th', { scope: 'col' }, name);
      if (name === 'Tags' || name === 'Size') made.className = 'n';
      return made;
    });
    return element('div', { class: 'table' }, element('table', { class: 'images' },
      element('caption', { class: 'hidden' }, 'Images found'), element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...matches.map(row))));
  };

  const verdict = (count) => {
    if (missing) return 'The list to search in cannot be loaded; try again, or look through the pages.';
    if (!images.complete) return count.toLocaleString('en') + ' found so far …';
    if (count === 0) return 'No image matches.';
    const all = count.toLocaleString('en') + (count === 1 ? ' image matches' : ' images match');
    return count > shownAtMost ? all + '; the first ' + shownAtMost + ' are shown.' : all + '.';
  };

  let shown = null;
  const show = () => {
    const query = input.value.trim().toLowerCase();
    const searching = query !== '';
    listing.hidden = searching;
    results.hidden = !searching;
    document.title = searching ? input.value.trim() + ' · ' + title : title;
    if (!searching) {
      found.textContent = '';
      results.replaceChildren();
      shown = null;
      return;
    }
    const key = query + ' ' + images.length;
    const matches = search(query);
    found.textContent = verdict(matches.length);
    if (key === shown) return;
    shown = key;
    results.replaceChildren(...(matches.length ? [table(matches.slice(0, shownAtMost))] : []));
  };

  const remember = () => {
    const address = new URL(location.href);
    if (input.value.trim()) address.searchParams.set('q', input.value.trim());
    else address.searchParams.delete('q');
    history.replaceState(null, '', address);
  };

  const links = () => [...(results.hidden ? listing : results).querySelectorAll('tbody a')];

  let remembering = 0;
  input.addEventListener('focus', load);
  input.addEventListener('input', () => {
    missing = false;
    load();
    show();
    clearTimeout(remembering);
    remembering = setTimeout(remember, 300);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [first] = links();
    if (first && !results.hidden) first.click();
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') {
      const [first] = links();
      if (first) { event.preventDefault(); first.focus(); }
    } else if (event.key === 'Escape' && input.value) {
      event.preventDefault();
      input.value = '';
      show();
      remember();
    }
  });
  document.getElementById('main').addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = links();
    const place = all.indexOf(document.activeElement);
    if (place < 0) return;
    event.preventDefault();
    const next = place + (event.key === 'ArrowDown' ? 1 : -1);
    (next < 0 ? input : all[Math.min(next, all.length - 1)]).focus();
  });

  const asked = new URL(location.href).searchParams.get('q');
  if (asked) {
    input.value = asked;
    load();
    show();
  }
})();
