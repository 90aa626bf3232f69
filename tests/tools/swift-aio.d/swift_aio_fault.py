"""A WSGI filter that obeys the rule files in one folder (see swift-aio).

A rule file is JSON: method, path, status, delay, count, skip, percent, when, cut.
The folder is looked at on every request, so a rule counts at once, in every
worker; count and skip are shared between workers through the file itself."""
import fcntl
import json
import os
import random
import re

from eventlet import sleep
from swift.common.swob import Response


class Fault(object):
    def __init__(self, app, folder):
        self.app, self.folder = app, folder

    def rule(self, env):
        try:
            names = sorted(n for n in os.listdir(self.folder)
                           if n.endswith('.json'))
        except OSError:
            return None
        for name in names:
            path = os.path.join(self.folder, name)
            try:
                with open(path, 'r+') as f:
                    fcntl.flock(f, fcntl.LOCK_EX)
                    r = json.load(f)
                    if r.get('method') and env['REQUEST_METHOD'] not in \
                            r['method'].split(','):
                        continue
                    full = env['PATH_INFO']
                    if env.get('QUERY_STRING'):
                        full += '?' + env['QUERY_STRING']
                    if r.get('path') and not re.search(r['path'], full):
                        continue
                    if random.random() * 100 >= r.get('percent', 100):
                        continue
                    if r.get('skip', 0) > 0:
                        r['skip'] -= 1
                        fire = False
                    elif 'count' in r:
                        if r['count'] <= 0:
                            continue
                        r['count'] -= 1
                        fire = True
                    else:
                        return r
                    f.seek(0)
                    json.dump(r, f)
                    f.truncate()
                    f.flush()
                    if fire:
                        return r
            except (OSError, ValueError):
                continue
        return None

    def __call__(self, env, start_response):
        r = self.rule(env)
        if r is None:
            return self.app(env, start_response)
        if r.get('delay'):
            sleep(float(r['delay']))
        if r.get('cut') is not None:
            return self.cut(env, start_response, int(r['cut']))
        if not r.get('status'):
            return self.app(env, start_response)
        if r.get('when') == 'after':
            seen = []

            def note(status, headers, exc_info=None):
                seen.append(status)
            for _chunk in self.app(env, note):
                pass
        headers = {'X-Aio-Fault': '1'}
        if int(r['status']) == 401:
            headers['Www-Authenticate'] = 'Swift realm="aio"'
        resp = Response(status=int(r['status']), headers=headers,
                        body=b'swift-aio fault\n')
        return resp(env, start_response)

    def cut(self, env, start_response, left):
        it = self.app(env, start_response)
        try:
            for chunk in it:
                if len(chunk) >= left:
                    yield chunk[:left]
                    raise Exception('swift-aio fault: body cut')
                left -= len(chunk)
                yield chunk
        finally:
            if hasattr(it, 'close'):
                it.close()


def filter_factory(global_conf, **local_conf):
    folder = local_conf['folder']
    return lambda app: Fault(app, folder)
