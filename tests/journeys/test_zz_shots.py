import threading, logging
from werkzeug.serving import make_server
from playwright.sync_api import sync_playwright
from dataclasses import replace
def test_shots(launch):
    L=launch("gcse")
    app=L.app
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    srv=make_server("127.0.0.1",0,app,threaded=True)
    t=threading.Thread(target=srv.serve_forever,daemon=True); t.start()
    base=f"http://127.0.0.1:{srv.port}"
    out="/tmp/shots_ans"; import os; os.makedirs(out,exist_ok=True)
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium",args="--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run".split())
        for w,h in ((390,844),(1280,800)):
            L=launch("gcse")
            c=b.new_context(viewport={"width":w,"height":h}); pg=c.new_page()
            def shot(n): pg.screenshot(path=f"{out}/{w}-{n}.png",full_page=True); assert pg.evaluate("document.documentElement.scrollWidth")<=w,n
            pg.goto(base+L.link); shot("01landing")
            pg.goto(base+L.link+"/no-thanks"); shot("02nothanks")
            pg.goto(base+L.link+"/not-me"); shot("03notme")
            pg.goto(base+L.link); pg.click("main form button"); shot("04q1")
            pg.click("text=Continue"); shot("05q1err")
            pg.check("input[name=answer] >> nth=0"); pg.click("text=Continue"); shot("06q2")
            pg.click("text=Skip this question")
            while "/check" not in pg.url:
                if "listening_whole" in pg.url: shot("07skills")
                pg.check("input[name=answer] >> nth=0"); pg.click("text=Continue")
            shot("08check")
            c2=b.new_context(viewport={"width":w,"height":h}); pg1=pg; pg=c2.new_page()
            pg.goto(base+L.link); pg.click("main form button"); shot("09birthday")
            pg.fill("#birthday","1"); pg.fill("#birthday-month","1"); pg.click("text=Continue"); shot("10birthday-wrong")
            for _ in range(4):
                pg.fill("#birthday","1"); pg.fill("#birthday-month","1"); pg.click("text=Continue")
            shot("11locked")
            pg.goto(base+"/answer/new-link"); shot("12newlink")
            pg=pg1
            pg.click("text=Send my answers"); shot("13receipt")
            pg.goto(base+"/answer/sign-out"); shot("14signout")
            pg.goto(base+L.link); shot("15already")
            pg.goto(base+L.stop_link); shot("16stop")
            pg.goto(base+L.stop_link+"/all"); shot("17stopall")
            pg.goto(base+"/privacy"); shot("18privacy")
            pg.goto(base+"/q/x"); shot("19unknown")
            c.close(); c2.close()
        b.close()
    srv.shutdown(); srv.server_close()
