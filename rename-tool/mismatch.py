import re,subprocess,sys
sys.path.insert(0,'.')
from tables import read_table
from pyrename import bounds
names,sql=read_table("names.txt","names_more.txt","names_tests.txt"),read_table("sqlnames.txt")
g={}
for s in names.scopes:
    if "*" in s.globs: g.update({k.strip('"'):v for k,v in s.names.items() if not k.startswith(('.','def:','~'))})
sg={}
for s in sql.scopes:
    if "*" in s.globs: sg.update(s.names)
out={}
r=subprocess.run(['git','-C','/work/wt/rename','ls-tree','-r','--name-only','HEAD','sql'],capture_output=True,text=True).stdout.split()
for f in r:
    if not f.endswith('.sql'): continue
    t=subprocess.run(['git','-C','/work/wt/rename','show','HEAD:'+f],capture_output=True,text=True).stdout
    t=re.sub('--.*','',t)
    for w in set(re.findall(r"[a-z_][a-z_0-9]*",t)):
        p=g.get(w,bounds(w)); q=sg.get(w,w)
        if p!=q and p!='!' : out.setdefault((w,p,q),[]).append(f[4:-4])
for k,v in sorted(out.items()): print(*k,v[:5])
