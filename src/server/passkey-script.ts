import { createHash } from 'node:crypto';

/**
 * The script of pages with passkeys: it shows the button in a browser that has them, and sends what the browser signs. It is
 * the same for all pages, so the content security policy names its hash.
 */
export const passkeyScript = `
(() => {
  const form = document.querySelector('form[data-passkey]');
  if (!form || !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return;
  form.hidden = false;
  for (const one of document.querySelectorAll('[data-with-passkey]')) one.hidden = false;
  const fault = document.querySelector('#passkey-fault');
  const send = async (url, body) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = response.status === 204 ? {} : await response.json();
    if (!response.ok) throw new Error(answer.errors[0].message);
    return answer;
  };
  const messageOf = (error) =>
    error instanceof DOMException ? 'The passkey was not used. Try again, or use another way.' : error.message;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    fault.hidden = true;
    try {
      const { next = '/', name = '' } = Object.fromEntries(new FormData(form));
      const purpose = form.dataset.passkey;
      if (purpose === 'enrol') {
        const options = PublicKeyCredential.parseCreationOptionsFromJSON(await send('/auth/passkey', { for: purpose }));
        const made = await navigator.credentials.create({ publicKey: options });
        await send('/auth/enrol', { name, passkey: made.toJSON() });
      } else {
        const options = PublicKeyCredential.parseRequestOptionsFromJSON(await send('/auth/passkey', { for: purpose }));
        const used = await navigator.credentials.get({ publicKey: options });
        await send('/auth/sign-in', { passkey: used.toJSON() });
      }
      location.assign(next);
    } catch (error) {
      fault.textContent = messageOf(error);
      fault.hidden = false;
      button.disabled = false;
    }
  });
})();
`;

export const scriptSource = `'sha256-${createHash('sha256').update(passkeyScript).digest('base64')}'`;
