import type { Locator, Page } from 'playwright-core';
import type { ConsoleBox } from './console-box.js';

/** What one can click, by its role and exact name. */
type Role = 'button' | 'checkbox' | 'link' | 'radio';

/** Something that a user comes to the console for. It begins on the start page. */
export interface Task {
  readonly name: string;
  /** The steps that it takes. A page that asks for more, or for fewer, changes this number on purpose. */
  readonly steps: number;
  /** Does it, and waits for what tells the user that it is done. */
  readonly act: (user: CountedUser, box: ConsoleBox) => Promise<unknown>;
}

/** A user whose steps are counted: each click or tap, each key or chord, and each field that is filled in. */
export class CountedUser {
  readonly page: Page;
  readonly dialog: Locator;
  readonly #isOnPhone: boolean;
  #steps = 0;

  constructor(page: Page, { isOnPhone = false } = {}) {
    this.page = page;
    this.dialog = page.getByRole('dialog');
    this.#isOnPhone = isOnPhone;
  }

  get steps(): number {
    return this.#steps;
  }

  /** `position`: pixels from the top left corner of the target; its centre by default. */
  async press(target: Locator, position?: { readonly x: number; readonly y: number }): Promise<void> {
    this.#steps += 1;
    const where = position && { position };
    await (this.#isOnPhone ? target.tap(where) : target.click(where));
  }

  /** Presses what has this name, on the page or in its dialog. */
  click(role: Role, name: string | RegExp, place: Page | Locator = this.page): Promise<void> {
    return this.press(place.getByRole(role, { name, exact: true }));
  }

  async key(chord: string): Promise<void> {
    this.#steps += 1;
    await this.page.keyboard.press(chord);
  }

  async fill(label: string, text: string, place: Page | Locator = this.page): Promise<void> {
    this.#steps += 1;
    await place.getByLabel(label, { exact: true }).and(place.locator('input, textarea')).fill(text);
  }

  async choose(label: string, option: string, place: Page | Locator = this.page): Promise<void> {
    this.#steps += 1;
    await place.getByLabel(label, { exact: true }).selectOption(option);
  }

  /** Chooses a file for the field of this label. */
  async attach(label: string, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    this.#steps += 1;
    await this.page.getByLabel(label).setInputFiles(file);
  }

  /** Goes to a page of the navigation, which a phone hides behind a button. */
  async visit(page: string | RegExp): Promise<void> {
    if (this.#isOnPhone) await this.click('button', 'Menu');
    await this.click('link', page, this.page.getByRole('navigation', { name: 'Pages' }));
  }

  /** Goes to a page that the overview of the system leads to. */
  async visitSystem(page: RegExp): Promise<void> {
    await this.visit('System');
    await this.click('link', page, this.page.getByRole('main'));
  }

  /** Searches from any page, and opens what is found first. */
  async find(text: string, found: string | RegExp): Promise<void> {
    await this.key('Control+k');
    this.#steps += 1;
    await this.page.getByRole('combobox', { name: /^People, passages/ }).fill(text);
    await this.page.getByRole('option', { name: found, selected: true }).waitFor();
    await this.key('Enter');
  }

  /** Waits until the page says something. */
  sees(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }
}
