import { join, relative } from 'node:path';
import { type BootedBox, checkoutOfBox } from './booted-box.js';
import { builtProgram, root } from './built.js';

/** A file of the built program, where the units see it. */
export const programOfBox = (name: string): string =>
  join('/opt/rollcall/current', relative(root, builtProgram(name)));

/** The services as scripts/install sets them up, but with the program of the checkout. */
export async function setUpUnits(box: BootedBox): Promise<void> {
  await box.must(`
    mkdir -p /etc/sysusers.d /etc/tmpfiles.d /opt/rollcall/current
    mount --bind ${checkoutOfBox} /opt/rollcall/current
    cp systemd/rollcall.sysusers.conf /etc/sysusers.d/rollcall.conf && systemd-sysusers
    cp systemd/rollcall.tmpfiles.conf /etc/tmpfiles.d/rollcall.conf && systemd-tmpfiles --create rollcall.conf
    cp -r systemd/*.service systemd/*.socket systemd/*.mount systemd/*.d /etc/systemd/system/
    cp systemd/rollcall-.service.d/00-walls.conf /etc/systemd/system/rollcalld.service.d/
    sed -i "/^ExecStart=/s|/usr/bin/node |${process.execPath} |; s|/opt/rollcall/current/dist/program/|${programOfBox('')}/|" \\
      /etc/systemd/system/rollcall*.service
    install -d -m 700 -o rollcall -g rollcall /etc/rollcall/secrets
    printf 'site: { id: site, timeZone: Etc/UTC }\\ncameras: [{ id: door, name: Door, url: "rtsp://127.0.0.1:9/none" }]\\n' > /etc/rollcall/rollcall.yaml
    ${process.execPath} ${programOfBox('rollcall.js')} key init && chown rollcall: /etc/rollcall/secrets/*
    systemctl daemon-reload`);
}
