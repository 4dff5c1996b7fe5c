import sys,tokenize,io,re,collections,pathlib,subprocess
root=sys.argv[1]; mode=sys.argv[2]
W=set("""told tell tells telling teller tellers foretell foretold foretells outlook anew wish wishes verdict verdicts judge judged judges judging beside elsewhere strange strangers stranger doubt doubts doubted believe believed believes heed obey obeyed restraint peace intake mend mended mends whom standing standings stands chosen turn turns keep keeps kept share shares leg legs most least longest shortest night nights aside begin begins begun began gone away door doors words one ones""".split())
parts=lambda s:{p.lower() for p in re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+',s)}
files=subprocess.run(['git','-C',root,'ls-files','-co','--exclude-standard'],capture_output=True,text=True).stdout.split()
c=collections.defaultdict(collections.Counter)
for f in files:
    p=pathlib.Path(root,f)
    if not p.exists(): continue
    for w in parts(f)&W: c['FILE '+f][w]+=1
    if f.endswith('.py'):
        for t in tokenize.generate_tokens(io.StringIO(p.read_text()).readline):
            if t.type==tokenize.NAME and parts(t.string)&W:
                if mode=='names' and t.string.startswith('test_'): continue
                if mode=='tests' and not t.string.startswith('test_'): continue
                c[t.string][f]+=1
    elif f.endswith('.sql') and mode=='names':
        s=re.sub(r'--.*','',p.read_text())
        for w in re.findall(r"[A-Za-z_]\w*",s):
            if w.islower() and parts(w)&W and w not in('least',): c['SQL '+w][f]+=1
for n in sorted(c,key=lambda n:-sum(c[n].values())): print(n,sum(c[n].values()),' '.join(list(c[n])[:4]))
