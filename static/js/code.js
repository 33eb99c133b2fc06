// The link in a mail is /code/#CODE, so that the code reaches no log. Put it into the field and
// take it out of the address; the person presses Continue.
(() => {
  const field = document.getElementById("id_code");
  const code = decodeURIComponent(location.hash.slice(1));
  if (!field || !/^[A-Za-z0-9 -]{4,40}$/.test(code)) return;
  field.value = code;
  document.getElementById("to-type").hidden = true;
  document.getElementById("filled-in").hidden = false;
  history.replaceState(null, "", location.pathname);
})();
