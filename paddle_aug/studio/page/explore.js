// The Explore tab: a photo, an augmentation as text and sliders, and what training would see.

export const words = { en: {}, zh: {} };

export function open(room, studio) {
  const { element } = studio;
  const strip = element("div", { class: "strip" });
  room.append(strip);
  studio.ask("photos", { count: 16 }).then(({ photos }) => strip.replaceChildren(
    ...photos.map(({ photo, path }) => element("img", { src: studio.address("thumb", { photo }), alt: path }))));
  return {};
}
