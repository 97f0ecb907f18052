import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runPython } from '../clients/support/python.ts'

const ROOT = join(import.meta.dirname, '../..')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-django-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

it('gives each job of the Django clock database connections that are neither stale before nor open after it', () => {
  const database = { ENGINE: 'django.db.backends.sqlite3', NAME: join(folder, 'db.sqlite3') }
  writeFileSync(
    join(folder, 'with_database.py'),
    `from shop.settings import *\nDATABASES = {"default": ${JSON.stringify(database)}}\n`,
  )
  const { stdout, stderr } = runPython(
    `
import warnings
warnings.simplefilter("ignore")  # of Django itself
import django
django.setup()
from django.db import connection
from exports.management.commands.clock import with_fresh_connections

def job():
    print(connection.connection)
    connection.ensure_connection()
connection.ensure_connection()
connection.close_at = 0
with_fresh_connections(job)()
print(connection.connection)
`,
    {
      PYTHONPATH: [join(ROOT, 'examples/django-clock'), join(ROOT, 'clients/python'), folder].join(delimiter),
      DJANGO_SETTINGS_MODULE: 'with_database',
      SECRET_KEY: 'only-for-this-test',
    },
  )
  expect([stderr, stdout]).toEqual(['', 'None\nNone\n'])
})
