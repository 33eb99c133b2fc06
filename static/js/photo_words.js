// A browser sends no file twice: whoever chose a photo is asked for its words before it leaves.
(() => {
  for (const photo of document.querySelectorAll('input[type="file"][name$="photo_upload"]')) {
    const prefix = photo.name.slice(0, -"photo_upload".length);
    const words = ["photo_alt", "photo_credit"].map((name) => photo.form.elements[prefix + name]);
    photo.form.addEventListener("submit", (event) => {
      const empty = photo.files.length && words.find((field) => field && !field.value);
      if (!empty || event.defaultPrevented) return;
      event.preventDefault();
      empty.required = true;
      empty.reportValidity();
    });
  }
})();
