import i18next, { type i18n } from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";
import { ru } from "./ru";

export type Language = "en" | "ru";
export const languages: readonly Language[] = ["en", "ru"];

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

/** The system's language where it is one of ours, else English. */
export function systemLanguage(): Language {
  return navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
}

export function startWords(language: Language): i18n {
  if (!i18next.isInitialized)
    void i18next.use(initReactI18next).init({
      lng: language,
      fallbackLng: "en",
      initAsync: false,
      interpolation: { escapeValue: false },
      resources: { en: { translation: en }, ru: { translation: ru } },
    });
  else void i18next.changeLanguage(language);
  document.documentElement.lang = language;
  return i18next;
}
